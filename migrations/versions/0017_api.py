"""api: see `migrations/sql/0017_api.sql`."""

from migrations import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run("0017_api.sql")
