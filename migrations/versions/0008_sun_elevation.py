"""sun_elevation: see `migrations/sql/0008_sun_elevation.sql`."""

from migrations import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run("0008_sun_elevation.sql")
