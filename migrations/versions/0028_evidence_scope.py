"""evidence scope: see `migrations/sql/0028_evidence_scope.sql`."""

from migrations import run

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    run("0028_evidence_scope.sql")
