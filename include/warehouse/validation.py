"""What Great Expectations said of each load, kept for Data Docs."""

from typing import Any

from psycopg.types.json import Jsonb

from include.warehouse.database import Connection


def store(connection: Connection, load: dict[str, Any], result: dict[str, Any]) -> None:
    """Keep the newest validation result of a load."""
    connection.execute(
        """
        insert into ops.validation_result (load_id, organization_id, result) values (%s, %s, %s)
        on conflict (load_id) do update set result = excluded.result, judged_at = now()
        """,
        [load["load_id"], load["organization_id"], Jsonb(result)],
    )


def get(connection: Connection, load_id: int) -> dict[str, Any] | None:
    """The validation result of a load, if it was judged."""
    row = connection.execute("select result from ops.validation_result where load_id = %s", [load_id]).fetchone()
    return row["result"] if row else None


def recent(connection: Connection, limit: int = 200) -> list[dict[str, Any]]:
    """The newest judged loads for the index of Data Docs."""
    return connection.execute(
        """
        select v.load_id, v.judged_at, l.status, l.source_system, o.name || ': ' || l.original_name as name,
            coalesce(l.rows_in, 0) as rows, coalesce(l.rows_rejected, 0) as rows_refused
        from ops.validation_result as v
        inner join ops.ingestion_log as l on v.load_id = l.load_id
        inner join core.organization as o on l.organization_id = o.organization_id
        order by v.judged_at desc
        limit %s
        """,
        [limit],
    ).fetchall()
