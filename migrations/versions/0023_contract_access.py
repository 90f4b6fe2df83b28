"""contract access: see `migrations/sql/0023_contract_access.sql`."""

from migrations import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run("0023_contract_access.sql")
