"""periods_end: see `migrations/sql/0033_periods_end.sql`."""

from migrations import run

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    run("0033_periods_end.sql")
