"""extraction: see `migrations/sql/0014_extraction.sql`."""

from migrations import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run("0014_extraction.sql")
