"""Days of contracts that are to be assessed again because something other than readings changed."""

from datetime import date

from include.warehouse.database import Connection


def ask(
    connection: Connection,
    organization_id: int,
    contract_id: int,
    from_on: date,
    to_on: date,
    *,
    reason: str,
    requested_by: str,
) -> None:
    """Ask for the days from the first to the last to be assessed again; the next publication takes it up."""
    connection.execute(
        """
        insert into ops.reassessment (organization_id, contract_id, from_on, to_on, reason, requested_by)
        values (%s, %s, %s, %s, %s, %s)
        """,
        [organization_id, contract_id, from_on, to_on, reason, requested_by],
    )


def keep_months(connection: Connection) -> None:
    """Let no month leave for the archive, and no publication open, until the transaction ends: it is a short one."""
    connection.execute("select pg_advisory_xact_lock_shared(hashtext('ops.publication'))")


def archived_months(connection: Connection, organization_id: int, from_on: date, to_on: date) -> list[date]:
    """Months of these days, in whatever zone, whose readings of the organization retention took away."""
    rows = connection.execute(
        """
        select distinct r.month_start from ops.retired_month as r
        inner join ops.archived_month as a on r.month_start = a.month_start
        where a.organization_id = %(organization_id)s
            and r.month_start <= %(to_on)s::date + 1 and r.month_start + interval '1 month' > %(from_on)s::date - 1
        order by 1
        """,
        {"organization_id": organization_id, "from_on": from_on, "to_on": to_on},
    ).fetchall()
    return [row["month_start"] for row in rows]


def ask_about_forgotten(connection: Connection) -> int:
    """Ask for the contracts of which something is said of a period that does not exist; returns how many they are.

    A contract that ends earlier than it did, or a calendar that was wrong, leaves such results behind; whoever assesses
    the contract again takes back what was claimed by them.
    """
    return connection.execute(
        """
        insert into ops.reassessment (organization_id, contract_id, from_on, to_on, reason, requested_by)
        select organization_id, contract_id, min(period_start_on), min(period_start_on), %s, %s
        from canonical.obligation_period as said
        where outcome <> 'void' and not exists (
            select from core.obligation_calendar as calendar
            where
                calendar.organization_id = said.organization_id
                and calendar.contract_id = said.contract_id
                and calendar.obligation_code = said.obligation_code
                and calendar.period_start_on = said.period_start_on
                and calendar.period_end_on = said.period_end_on
        )
        group by organization_id, contract_id
        """,
        ["a period does not exist any more", "publication"],
    ).rowcount


def are_waiting(connection: Connection) -> bool:
    """Whether any days wait to be assessed again."""
    return connection.execute(
        "select exists (select from ops.reassessment where publication_id is null) as found"
    ).fetchone()["found"]


def claim(connection: Connection, publication_id: int) -> None:
    """Let a publication take up all that waits, in the transaction that opens it."""
    connection.execute("update ops.reassessment set publication_id = %s where publication_id is null", [publication_id])
