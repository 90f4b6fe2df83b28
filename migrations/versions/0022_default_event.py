"""default event: see `migrations/sql/0022_default_event.sql`."""

from migrations import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run("0022_default_event.sql")
