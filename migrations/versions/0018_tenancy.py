"""tenancy: see `migrations/sql/0018_tenancy.sql`."""

from migrations import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run("0018_tenancy.sql")
