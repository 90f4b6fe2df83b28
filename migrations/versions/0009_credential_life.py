"""credential_life: see `migrations/sql/0009_credential_life.sql`."""

from migrations import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run("0009_credential_life.sql")
