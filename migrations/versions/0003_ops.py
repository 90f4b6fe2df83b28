"""ops: see `migrations/sql/0003_ops.sql`."""

from migrations import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("0003_ops.sql")
