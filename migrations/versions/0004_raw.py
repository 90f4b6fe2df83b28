"""raw: see `migrations/sql/0004_raw.sql`."""

from migrations import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run("0004_raw.sql")
