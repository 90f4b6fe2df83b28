"""retention: see `migrations/sql/0032_retention.sql`."""

from migrations import run

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    run("0032_retention.sql")
