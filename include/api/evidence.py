"""Evidence of broken promises: which events there are, the signed pack of one, and its page for people."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from include.api import fields, schemas
from include.api.callers import Caller, needs
from include.pipeline import evidence_views
from include.warehouse import evidence_lists
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["evidence"])

Reader = Annotated[Caller, Depends(needs("evidence"))]
PENDING = {409: schemas.PROBLEM | {"description": "The pack is not stored yet, or is not intact."}}
MEDIA_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
# a page that a browser shows by itself: it runs nothing and loads nothing
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Check(BaseModel):
    """One check of a pack."""

    check: str
    holds: bool | None = Field(description="Null: it was not asked.")
    details: str


class Event(BaseModel):
    """A broken promise and the state of its evidence pack."""

    default_event_id: UUID
    contract: str
    obligation_code: str
    metric: str
    period_start_on: date
    period_end_on: date = Field(description="The last day, part of the period.")
    revision: int
    supersedes_event_id: UUID | None
    status: str
    severity: str | None
    unit: str
    guaranteed: Decimal | None
    counted: Decimal | None
    shortfall: Decimal | None
    ld_before_cap: Decimal | None
    ld_cap: Decimal | None
    ld_payable: Decimal | None
    currency_code: str | None
    data_completeness_percent: Decimal | None
    detected_at: datetime
    pack_status: Literal["archive_pending", "complete"]
    last_error: str | None = Field(description="Why the pack still waits.")
    data_hash: str | None
    pack_sha256: str | None
    manifest_sha256: str | None
    signing_key_id: str | None
    size_bytes: int | None
    archived_at: datetime | None
    timestamped_at: datetime | None
    verified_at: datetime | None
    is_intact: bool | None


class Shown(Event):
    """One event, with what the last verification of its pack found."""

    merkle_root: str | None
    built_at: datetime | None
    verification: list[Check] | None


class Events(BaseModel):
    """A page of events, newest first."""

    items: list[Event]
    next_after: UUID | None = Field(description="Pass as `after` for the next page; null at the end.")


@router.get("/evidence", summary="List broken promises and their packs", responses=schemas.COMMON)
def events(caller: Reader, after: fields.AfterUuid = None, limit: fields.ShortLimit = 50) -> Events:
    """Your organization's default events, newest first."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        rows = evidence_lists.events(connection, after, limit)
    return Events(
        items=[Event(**row) for row in rows],
        next_after=rows[-1]["default_event_id"] if len(rows) == limit else None,
    )


@router.get("/evidence/{event_id}", summary="Show a broken promise and its pack", responses=schemas.COMMON)
def event(caller: Reader, event_id: UUID) -> Shown:
    """Numbers of the event, and what the last verification of its pack found."""
    return Shown(**_own(caller, event_id))


@router.get(
    "/evidence/{event_id}/pack",
    summary="Export an evidence pack",
    response_class=Response,
    responses={
        **schemas.COMMON,
        **PENDING,
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def pack(caller: Reader, event_id: UUID) -> Response:
    """The signed pack with a part that says when it was handed out; the export is an audit entry."""
    _own(caller, event_id)
    name, body = evidence_views.export(event_id, actor=caller.name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/zip", headers=headers)


@router.get(
    "/evidence/{event_id}/summary",
    summary="Show the page of an evidence pack",
    response_class=Response,
    responses={
        **schemas.COMMON,
        **PENDING,
        200: {
            "content": {
                "text/html": {"schema": {"type": "string"}},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            }
        },
    },
)
def page(
    caller: Reader,
    event_id: UUID,
    kind: Annotated[Literal["html", "pdf"], Query(alias="format", description="html or pdf.")] = "html",
) -> Response:
    """One page: promised, happened, the difference, and whether the pack is intact; the view is an audit entry."""
    _own(caller, event_id)
    body = evidence_views.page(event_id, kind, actor=caller.name)
    headers = PAGE_HEADERS | {"Content-Disposition": f'inline; filename="evidence_{event_id}.{kind}"'}
    return Response(body, media_type=MEDIA_TYPES[kind], headers=headers)


def _own(caller: Caller, event_id: UUID) -> dict[str, Any]:
    """The event, if it is the caller's; another organization's does not exist."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return evidence_lists.event(connection, event_id)
