"""roles and schemas: see `migrations/sql/0001_roles_and_schemas.sql`."""

from migrations import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    run("0001_roles_and_schemas.sql")
