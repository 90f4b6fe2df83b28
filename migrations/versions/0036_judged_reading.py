"""judged_reading: see `migrations/sql/0036_judged_reading.sql`."""

from migrations import run

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    run("0036_judged_reading.sql")
