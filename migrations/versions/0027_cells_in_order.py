"""cells in order: see `migrations/sql/0027_cells_in_order.sql`."""

from migrations import run

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    run("0027_cells_in_order.sql")
