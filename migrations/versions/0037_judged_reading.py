"""judged_reading: see `migrations/sql/0037_judged_reading.sql`."""

from migrations import run

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    run("0037_judged_reading.sql")
