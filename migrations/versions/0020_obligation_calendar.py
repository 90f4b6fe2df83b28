"""obligation calendar: see `migrations/sql/0020_obligation_calendar.sql`."""

from migrations import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run("0020_obligation_calendar.sql")
