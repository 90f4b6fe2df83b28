"""assessed aggregates: see `migrations/sql/0029_assessed_aggregates.sql`."""

from migrations import run

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    run("0029_assessed_aggregates.sql")
