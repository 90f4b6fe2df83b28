"""Months of readings on their way to the archive and back: partitions, fingerprints, the books of the archive."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.errors import LockNotAvailable, ObjectNotInPrerequisiteState

from include.core.errors import MonthBusy
from include.warehouse import publications
from include.warehouse.database import Connection, bulk, connect

if TYPE_CHECKING:
    import pyarrow as pa

LATER = "nothing was changed; it is tried again by itself"


@contextmanager
def exclusive() -> Iterator[None]:
    """Let one process at a time move months, until the block ends; raises MonthBusy while another one does."""
    with connect() as connection:
        connection.commit()
        connection.autocommit = True
        query = "select pg_try_advisory_lock(hashtext('ops.retired_month')) as mine"
        if not connection.execute(query).fetchone()["mine"]:
            raise MonthBusy("another process is moving months", remedy=LATER)
        try:
            yield
        finally:
            connection.execute("select pg_advisory_unlock(hashtext('ops.retired_month'))")
            connection.autocommit = False


def months_before(connection: Connection, cutoff: datetime) -> list[dict[str, Any]]:
    """Months of readings in the database that ended before an instant: month_start, estimated_rows, size_bytes."""
    return connection.execute("select * from canonical.months_before(%s)", [cutoff]).fetchall()


def retired_months(connection: Connection) -> list[date]:
    """Months whose readings are in the archive only."""
    rows = connection.execute("select month_start from ops.retired_month order by 1").fetchall()
    return [row["month_start"] for row in rows]


def ensure_partitions(connection: Connection, first: datetime, last: datetime) -> int:
    """Create the months of readings that are missing between two instants; returns how many."""
    return connection.execute("select canonical.ensure_partitions(%s, %s) as n", [first, last]).fetchone()["n"]


def fingerprints(connection: Connection, month_start: date) -> dict[int, dict[str, Any]]:
    """Rows and fingerprint of a month in the database, by organization."""
    rows = connection.execute("select * from canonical.fingerprint_month(%s)", [month_start]).fetchall()
    return {row["organization_id"]: row for row in rows}


def archived(connection: Connection, month_start: date) -> dict[int, dict[str, Any]]:
    """The newest revision of a month in the books of the archive, by organization."""
    rows = connection.execute(
        """
        select distinct on (organization_id) * from ops.archived_month
        where month_start = %s order by organization_id, revision desc
        """,
        [month_start],
    ).fetchall()
    return {row["organization_id"]: row for row in rows}


def book(connection: Connection, month_start: date, values: dict[str, Any]) -> None:
    """Enter a verified object into the books of the archive."""
    connection.execute(
        """
        insert into ops.archived_month (
            organization_id, month_start, revision, lake_key, row_count, size_bytes, sha256, fingerprint
        )
        values (
            %(organization_id)s, %(month_start)s, %(revision)s, %(lake_key)s, %(row_count)s, %(size_bytes)s,
            %(sha256)s, %(fingerprint)s
        )
        """,
        values | {"month_start": month_start},
    )


@contextmanager
def rows_of(organization_id: int, month_start: date, columns: "pa.Schema") -> Iterator[Iterator["pa.RecordBatch"]]:
    """The readings of an organization in a month, in the order of their key, streamed as batches of these columns."""
    query = sql.SQL(
        """
        select {columns} from canonical.meter_reading
        where organization_id = {organization} and "timestamp" >= {first} and "timestamp" < {first} + interval '1 month'
        order by meter_id, "timestamp", reading_interval_seconds, source_system
        """
    ).format(
        columns=sql.SQL(", ").join(map(_as_text, columns.names)),
        organization=sql.Literal(organization_id),
        first=sql.SQL("{} ::timestamptz").format(sql.Literal(f"{month_start} 00:00+00")),
    )
    with bulk() as connection, connection.cursor() as cursor:
        cursor.execute(query.as_string())
        yield (batch.cast(columns) for batch in cursor.fetch_record_batch())


def _as_text(name: str) -> sql.Composable:
    """A column as ADBC gives it: JSON would come with a mark of its binary form."""
    column = sql.Identifier(name)
    return sql.SQL("{} ::text as {}").format(column, column) if name == "other_metrics" else column


@contextmanager
def between_publications(connection: Connection) -> Iterator[None]:
    """Keep publications from opening while the transaction lasts; raises MonthBusy while one is open."""
    try:
        if publications.lock_opening(connection):
            raise MonthBusy("a publication is open", remedy="nothing was changed; try again when it has closed")
        yield
    except LockNotAvailable as error:
        raise MonthBusy("the readings are in use", remedy=LATER) from error
    except ObjectNotInPrerequisiteState as error:
        raise MonthBusy(str(error.diag.message_primary), remedy="the next run archives them anew") from error


def retire(connection: Connection, month_start: date) -> int | None:
    """Drop a month that is archived as it is, with its mark; the number of readings, None where it has no partition."""
    return connection.execute("select canonical.retire_month(%s) as n", [month_start]).fetchone()["n"]


def copy_back(connection: Connection, batches: Iterator["pa.RecordBatch"]) -> None:
    """Copy archived rows to where `restore` takes them from, within the running transaction."""
    with connection.cursor() as cursor:
        for batch in batches:
            columns = sql.SQL(", ").join(map(sql.Identifier, batch.schema.names))
            with cursor.copy(sql.SQL("copy raw.restored_reading ({}) from stdin").format(columns)) as stream:
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    stream.write_row(row)


def restore(connection: Connection, month_start: date) -> int | None:
    """Bring a month back from what was copied and lift its mark; None where it is not retired."""
    return connection.execute("select canonical.restore_month(%s) as n", [month_start]).fetchone()["n"]
