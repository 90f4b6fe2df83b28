"""assessed aggregates: see `migrations/sql/0030_assessed_aggregates.sql`."""

from migrations import run

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run("0030_assessed_aggregates.sql")
