"""statistics: see `migrations/sql/0033_statistics.sql`."""

from migrations import run

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    run("0033_statistics.sql")
