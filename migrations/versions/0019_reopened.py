"""reopened: see `migrations/sql/0019_reopened.sql`."""

from migrations import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run("0019_reopened.sql")
