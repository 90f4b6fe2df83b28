"""solaredge_v1: see `migrations/sql/0015_solaredge_v1.sql`."""

from migrations import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run("0015_solaredge_v1.sql")
