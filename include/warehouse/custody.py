"""Audit entries of the way that data takes: landed, judged, published, and the broken promises that it showed."""

import hashlib
from typing import Any

from include.core.canonical_json import canonical
from include.warehouse import audit
from include.warehouse.database import Connection

PIPELINE = "pipeline"


def landed(connection: Connection, load: dict[str, Any]) -> None:
    """A delivery came in, new or known; the input is its content."""
    told = ("status", "source_system", "feed", "size_bytes", "content_key", "duplicate_of", "corrects_load_id")
    _of_load(connection, "land", load, {name: load[name] for name in told})


def judged(connection: Connection, load: dict[str, Any]) -> None:
    """A load got its verdict: state, code, exact counts, and the hash of what was found."""
    told = ("status", "code", "rows_in", "rows_clean", "rows_rejected", "rows_duplicate", "parser_version")
    verdict = hashlib.sha256(canonical(load["verdict"])).hexdigest() if load["verdict"] else None
    _of_load(connection, "judge", load, {**{name: load[name] for name in told}, "verdict_sha256": verdict})


def published(connection: Connection, publication_id: int) -> None:
    """Loads became final; an entry for each organization, which names its own loads only."""
    rows = connection.execute(
        """
        select l.organization_id, array_agg(l.load_id order by l.load_id) as load_ids
        from ops.publication_load as p
        inner join ops.ingestion_log as l on p.load_id = l.load_id
        where p.publication_id = %s
        group by l.organization_id order by l.organization_id
        """,
        [publication_id],
    ).fetchall()
    for row in rows:
        audit.record(
            connection,
            actor=PIPELINE,
            action="publish",
            subject=f"publication {publication_id}",
            organization_id=row["organization_id"],
            details={"load_ids": row["load_ids"]},
        )


def detected(connection: Connection, publication_id: int) -> None:
    """Default events that a publication brought, in their first state; amounts as the event has them."""
    rows = connection.execute(
        """
        select organization_id, default_event_id, contract_id, obligation_code, obligation_version, rule_version,
            period_start_on, period_end_on, revision, supersedes_event_id, status, ld_payable, currency_code
        from canonical.default_event where publication_id = %s
        order by organization_id, contract_id, obligation_code, period_start_on, revision
        """,
        [publication_id],
    ).fetchall()
    for row in rows:
        organization_id, event_id = row.pop("organization_id"), row.pop("default_event_id")
        audit.record(
            connection,
            actor=PIPELINE,
            action="detect event",
            subject=f"default event {event_id}",
            organization_id=organization_id,
            details={**row, "publication_id": publication_id},
        )


def _of_load(connection: Connection, action: str, load: dict[str, Any], details: dict[str, Any]) -> None:
    audit.record(
        connection,
        actor=PIPELINE,
        action=action,
        subject=f"load {load['load_id']}",
        organization_id=load["organization_id"],
        details={name: value for name, value in details.items() if value is not None},
        input_hash=load["sha256"],
    )
