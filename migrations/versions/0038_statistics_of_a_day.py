"""statistics_of_a_day: see `migrations/sql/0038_statistics_of_a_day.sql`."""

from migrations import run

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    run("0038_statistics_of_a_day.sql")
