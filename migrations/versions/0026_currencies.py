"""currencies: see `migrations/sql/0026_currencies.sql`."""

from migrations import run

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    run("0026_currencies.sql")
