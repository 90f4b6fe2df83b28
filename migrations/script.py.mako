"""${message}: see `migrations/sql/${up_revision}_${message}.sql`."""

from migrations import run

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    run("${up_revision}_${message}.sql")
