"""billing: see `migrations/sql/0016_reference.sql` and `migrations/sql/0016_billing.sql`."""

from migrations import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run("0016_reference.sql")
    run("0016_billing.sql")
