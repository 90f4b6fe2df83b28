"""currencies: see `migrations/sql/0024_currencies.sql`."""

from migrations import run

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run("0024_currencies.sql")
