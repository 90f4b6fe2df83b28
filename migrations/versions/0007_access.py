"""access: see `migrations/sql/0007_access.sql`."""

from migrations import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run("0007_access.sql")
