"""currencies: see `migrations/sql/0025_currencies.sql`."""

from migrations import run

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run("0025_currencies.sql")
