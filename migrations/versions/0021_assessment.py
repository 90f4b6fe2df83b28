"""assessment: see `migrations/sql/0021_assessment.sql`."""

from migrations import run

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run("0021_assessment.sql")
