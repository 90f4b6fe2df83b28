"""The raw tables: where staging copies to, and whether a load's rows are still there."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from psycopg import sql

from include.warehouse.database import Connection

if TYPE_CHECKING:
    import pyarrow as pa


def partition(feed: str, day: date) -> str:
    """Name of the partition of a feed's raw table that holds one load day."""
    return f"{feed}_{day:%Y%m%d}"


def delete(connection: Connection, load: dict[str, Any]) -> None:
    """Take away what a load staged before."""
    if load["staged_on"] is not None:
        table = sql.Identifier("raw", partition(load["feed"], load["staged_on"]))
        connection.execute(sql.SQL("delete from {} where load_id = %s").format(table), [load["load_id"]])


def ensure_partition(connection: Connection, feed: str, day: date) -> None:
    """Create the partition of a load day if it is missing."""
    connection.execute("select raw.ensure_partition(%s, %s)", [feed, day])


def copy(connection: Connection, feed: str, day: date, batches: Iterable["pa.RecordBatch"]) -> None:
    """Copy parsed rows to the partition of a load day within the running transaction."""
    from include.warehouse import pgcopy

    table = sql.Identifier("raw", partition(feed, day))
    for batch in batches:
        # columns without any value are left out: their nulls would cost time on both sides
        delivered = batch.select(
            [name for name in batch.schema.names if batch.column(name).null_count < batch.num_rows]
        )
        columns = sql.SQL(", ").join(map(sql.Identifier, delivered.schema.names))
        statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(table, columns)
        with connection.cursor() as cursor, cursor.copy(statement) as stream:
            stream.write(pgcopy.HEADER)
            for rows in pgcopy.encoded(delivered):
                stream.write(rows)
            stream.write(pgcopy.TRAILER)


def analyze(connection: Connection, feed: str, day: date) -> None:
    """Refresh the planner's statistics of one load day; without them a publication can take 40 times as long."""
    connection.execute("select raw.analyze_partition(%s, %s)", [feed, day])


def has_lost_rows(connection: Connection, load: dict[str, Any]) -> bool:
    """Whether rows of a staged load are gone from raw, as after a database crash or when its partition expired."""
    return row_count(connection, load) != load["rows_in"]


def row_count(connection: Connection, load: dict[str, Any]) -> int:
    """How many rows of a load stand in raw."""
    if load["staged_on"] is None:
        return 0
    name = partition(load["feed"], load["staged_on"])
    if connection.execute("select to_regclass(%s) as found", [f"raw.{name}"]).fetchone()["found"] is None:
        return 0
    query = sql.SQL("select count(*) as rows from {} where load_id = %s").format(sql.Identifier("raw", name))
    return connection.execute(query, [load["load_id"]]).fetchone()["rows"]
