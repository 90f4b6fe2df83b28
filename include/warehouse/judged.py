"""What a judgement asks of the rows that it just worked out: the temporary table `judged_rows` of its transaction."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from include.warehouse.database import Connection


def unmapped_devices(connection: Connection, load_id: int) -> list[dict[str, Any]]:
    """Sites and devices of a load that feed no meter yet, with their rows."""
    return connection.execute(
        """
        select external_site_id as site, external_device_id as device, count(*) as rows
        from pg_temp.judged_rows
        where load_id = %s and meter_id is null
        group by 1, 2 order by 1, 2
        """,
        [load_id],
    ).fetchall()


def duplicate_rows(connection: Connection, load_id: int, key: Sequence[str]) -> int:
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
        repeats as (
            select {key} from pg_temp.judged_rows
            where load_id = %(load_id)s and duplicate_rank > 1 and num_nulls({key}) = 0
                and row_number not in (select row_number from refused)
        ),
        refused_firsts as (
            select {key} from pg_temp.judged_rows
            where load_id = %(load_id)s and duplicate_rank = 1
                and (row_number in (select row_number from refused)) is true
        )
        select (select count(*) from repeats)
            - (select count(*) from (select {key} from repeats intersect select {key} from refused_firsts) as clean)
            as duplicates
        """
    ).format(key=sql.SQL(", ").join(map(sql.Identifier, key)))
    return connection.execute(query, {"load_id": load_id}).fetchone()["duplicates"]
