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


def delete(connection: Connection, load: dict[str, Any], table: str) -> None:
    """Take away what an earlier staging or judgement of a load left in a table of the schema raw."""
    if load["staged_on"] is not None:
        query = sql.SQL("delete from {} where staged_on = {} and load_id = %s")
        named = query.format(sql.Identifier("raw", table), sql.Literal(load["staged_on"]))
        connection.execute(named, [load["load_id"]])


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


def has_lost_rows(connection: Connection, load: dict[str, Any], table: str | None = None) -> bool:
    """Whether rows of a staged load are gone, as after a database crash or when its partition expired.

    table: of the schema raw, where every row of the load should be; the one of its feed when none is named
    """
    return row_count(connection, load, table or load["feed"]) != load["rows_in"]


def row_count(connection: Connection, load: dict[str, Any], table: str) -> int:
    """How many rows of a load stand in a table of the schema raw."""
    if load["staged_on"] is None:
        return 0
    name = partition(table, load["staged_on"])
    if connection.execute("select to_regclass(%s) as found", [f"raw.{name}"]).fetchone()["found"] is None:
        return 0
    query = sql.SQL("select count(*) as rows from {} where load_id = %s").format(sql.Identifier("raw", name))
    return connection.execute(query, [load["load_id"]]).fetchone()["rows"]
