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
