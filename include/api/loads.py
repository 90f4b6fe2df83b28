"""What became of deliveries: by id, by hash, as a history, and counted per day."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query

from include.api import fields, schemas, verdicts
from include.api.callers import Caller, needs
from include.warehouse import load_lists
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["loads"])

Reader = Annotated[Caller, Depends(needs("status"))]
LoadId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Status = Literal["landed", "staged", "accepted", "published", "held", "rejected", "duplicate", "empty", "failed"]
SHA256 = "^[0-9a-f]{64}$"


@router.get("/status/by-hash/{sha256}", summary="Find a delivery by its content", responses=schemas.COMMON)
def status_by_hash(caller: Reader, sha256: Annotated[str, Path(pattern=SHA256)]) -> schemas.Verdict:
    """The delivery with these bytes, as 64 hexadecimal digits of its SHA-256."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return verdicts.verdict(connection, load_lists.by_hash(connection, sha256))


@router.get("/status/{load_id}", summary="Show a delivery", responses=schemas.COMMON)
def status(caller: Reader, load_id: LoadId) -> schemas.Verdict:
    """The verdict on a delivery, as far as it is known."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return verdicts.verdict(connection, load_lists.one(connection, load_id))


@router.get("/history", summary="List deliveries", responses=schemas.COMMON)
def history(
    caller: Reader,
    source_system: Annotated[
        str | None, Query(pattern="^[a-z][a-z0-9_]{0,49}$", description="Only of this source.")
    ] = None,
    status: Annotated[Status | None, Query(description="Only in this state.")] = None,
    before: Annotated[
        int | None, Query(ge=1, le=fields.MOST_ID, description="`next_before` of the page before.")
    ] = None,
    limit: fields.ShortLimit = 50,
) -> schemas.History:
    """Your organization's deliveries, newest first."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        rows = load_lists.history(connection, source_system=source_system, status=status, before=before, limit=limit)
    items: list[dict[str, Any]] = [row | {"received_at": row["received_at"].isoformat()} for row in rows]
    return {"items": items, "next_before": items[-1]["load_id"] if len(items) == limit else None}


@router.get("/stats", summary="Count deliveries", responses=schemas.COMMON)
def statistics(
    caller: Reader, days: Annotated[int, Query(ge=1, le=90, description="Days to look back.")] = 30
) -> schemas.Statistics:
    """Deliveries and rows per day (UTC) and source."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return {"days": load_lists.statistics(connection, days)}
