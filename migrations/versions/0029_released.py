"""released: see `migrations/sql/0029_released.sql`."""

from migrations import run

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    run("0029_released.sql")
