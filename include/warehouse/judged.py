"""What a judgement works out of the rows of loads: where it lies, and what is asked of it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import sql

from include.warehouse import raw
from include.warehouse.database import Connection

READINGS = "judged_reading"
TEMPORARY = "judged_rows"


@dataclass(frozen=True, slots=True)
class Place:
    """A table for what is worked out: a temporary one, or the partition of one load day that a publication reads."""

    schema: str = "pg_temp"
    name: str = TEMPORARY

    @property
    def table(self) -> sql.Identifier:
        """The table as SQL names it."""
        return sql.Identifier(self.schema, self.name)


def place(kept_in: str | None, day: date) -> Place:
    """Where the rows of a load day are worked out to: `kept_in` is a table of the schema raw, None a temporary one."""
    return Place("raw", raw.partition(kept_in, day)) if kept_in else Place()


def work_out(
    connection: Connection, here: Place, view: str, columns: Set[str], load_ids: Sequence[int], day: date
) -> None:
    """Keep some columns of what a view shows of loads: worked out once, however many queries read it.

    The ids are literals, so that PostgreSQL opens one partition and plans with what it knows about these loads.
    """
    names = {
        "table": here.table,
        "columns": sql.SQL(", ").join(map(sql.Identifier, sorted(columns))),
        "view": sql.Identifier("intermediate", view),
        "loads": sql.SQL(", ").join(map(sql.Literal, load_ids)),
        "day": sql.Literal(day),
    }
    shown = "select {columns} from {view} where load_id in ({loads}) and staged_on = {day}"
    if here == Place():
        connection.execute(sql.SQL("drop table if exists {table}").format(**names))
        connection.execute(sql.SQL("create temporary table {table} on commit drop as " + shown).format(**names))
        return
    connection.execute(sql.SQL("insert into {table} ({columns}) " + shown).format(**names))


def unmapped_devices(connection: Connection, here: Place, load_id: int) -> list[dict[str, Any]]:
    """Sites and devices of a load that feed no meter yet, with their rows."""
    return connection.execute(
        sql.SQL(
            """
            select external_site_id as site, external_device_id as device, count(*) as rows
            from {table}
            where load_id = %s and meter_id is null
            group by 1, 2 order by 1, 2
            """
        ).format(table=here.table),
        [load_id],
    ).fetchall()


def duplicate_rows(connection: Connection, here: Place, load_id: int, key: Sequence[str]) -> int:
    """Rows of a load that were not refused but repeat the key of another such row; one of each key is clean.

    Rows that come second are few, so they are counted; where the first of a key was refused, one of them is clean.
    `is true` keeps the refused rows a list that is looked up: as a join, without statistics, each row would be compared
    with each of them.
    """
    query = sql.SQL(
        """
        with refused as (
            select row_number from quarantine.rejected_row where load_id = %(load_id)s and status = 'open'
        ),
        concerned as materialized (
            select {key}, duplicate_rank, row_number in (select row_number from refused) as is_refused
            from {table}
            where load_id = %(load_id)s
                and (duplicate_rank > 1 or (row_number in (select row_number from refused)) is true)
        ),
        repeats as (
            select {key} from concerned where duplicate_rank > 1 and not is_refused and num_nulls({key}) = 0
        ),
        refused_firsts as (
            select {key} from concerned where duplicate_rank = 1 and is_refused
        )
        select (select count(*) from repeats)
            - (select count(*) from (select {key} from repeats intersect select {key} from refused_firsts) as clean)
            as duplicates
        """
    ).format(table=here.table, key=sql.SQL(", ").join(map(sql.Identifier, key)))
    return connection.execute(query, {"load_id": load_id}).fetchone()["duplicates"]
