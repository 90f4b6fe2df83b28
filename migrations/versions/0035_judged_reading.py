"""judged_reading: see `migrations/sql/0035_judged_reading.sql`."""

from migrations import run

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    run("0035_judged_reading.sql")
