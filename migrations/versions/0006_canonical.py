"""canonical: see `migrations/sql/0006_canonical.sql`."""

from migrations import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run("0006_canonical.sql")
