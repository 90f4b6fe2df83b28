"""oauth: see `migrations/sql/0013_oauth.sql`."""

from migrations import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run("0013_oauth.sql")
