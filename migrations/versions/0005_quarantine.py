"""quarantine: see `migrations/sql/0005_quarantine.sql`."""

from migrations import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run("0005_quarantine.sql")
