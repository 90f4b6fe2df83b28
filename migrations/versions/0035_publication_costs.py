"""publication_costs: see `migrations/sql/0035_publication_costs.sql`."""

from migrations import run

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    run("0035_publication_costs.sql")
