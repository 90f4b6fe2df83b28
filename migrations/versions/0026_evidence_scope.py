"""evidence scope: see `migrations/sql/0026_evidence_scope.sql`."""

from migrations import run

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    run("0026_evidence_scope.sql")
