"""contract scopes: see `migrations/sql/0031_contract_scopes.sql`."""

from migrations import run

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    run("0031_contract_scopes.sql")
