"""Ordered SQL for everything that dbt does not own; applied by Alembic through `bin/sunledger migrate`."""

from pathlib import Path

from alembic import op

SQL = Path(__file__).parent / "sql"


def run(name: str) -> None:
    """Execute one SQL file of `migrations/sql/` as it stands."""
    with op.get_bind().connection.cursor() as cursor:  # the driver's cursor: nothing of the text is a placeholder
        cursor.execute((SQL / name).read_text(encoding="utf-8"))
