"""sma: see `migrations/sql/0011_sma.sql`."""

from migrations import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run("0011_sma.sql")
