"""enphase: see `migrations/sql/0010_enphase.sql`."""

from migrations import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run("0010_enphase.sql")
