"""goodwe: see `migrations/sql/0012_goodwe.sql`."""

from migrations import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run("0012_goodwe.sql")
