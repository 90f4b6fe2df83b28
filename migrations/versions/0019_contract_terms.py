"""contract terms: see `migrations/sql/0019_contract_terms.sql`."""

from migrations import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run("0019_contract_terms.sql")
