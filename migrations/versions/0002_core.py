"""core: see `migrations/sql/0002_core.sql`."""

from migrations import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("0002_core.sql")
