"""statistics: see `migrations/sql/0034_statistics.sql`."""

from migrations import run

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    run("0034_statistics.sql")
