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


def delete_statement(feed: str, day: date) -> str:
    """The statement, for the connection that copies, that takes a load's earlier rows away; `$1` is the load."""
    statement = sql.SQL("delete from {} where load_id = $1").format(sql.Identifier("raw", partition(feed, day)))
    return statement.as_string()


def ensure_partition(connection: Connection, feed: str, day: date) -> None:
    """Create the partition of a load day if it is missing."""
    connection.execute("select raw.ensure_partition(%s, %s)", [feed, day])


def copy(connection: Connection, feed: str, day: date, batches: Iterable["pa.RecordBatch"]) -> None:
    """Copy parsed rows to the partition of a load day within the running transaction; for bulk there is ADBC."""
    with connection.cursor() as cursor:
        for batch in batches:
            columns = sql.SQL(", ").join(map(sql.Identifier, batch.schema.names))
            table = sql.Identifier("raw", partition(feed, day))
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(table, columns)) as stream:
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    stream.write_row(row)


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
