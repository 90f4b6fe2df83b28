"""Contracts over HTTP: the same documents as files of the command line, as JSON or YAML, planned and applied."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from include.api import bodies, fields, schemas
from include.api.callers import Caller, needs
from include.api.problems import Problem
from include.core.contract_errors import CONTRADICTION, ContractRefused, Flaw
from include.core.exact_documents import MOST_BYTES, Document, read_json, read_yaml
from include.core.terms import ContractFile, Event
from include.core.terms_fields import Part
from include.pipeline import contract_views, contracts
from include.warehouse import contract_lists, registry
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["contracts"])

YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
Reason = Annotated[str, Query(max_length=1000, description="Why what is stored changes; needed when it does.")]
Reader = Annotated[Caller, Depends(needs("contracts_read"))]
Manager = Annotated[Caller, Depends(needs("contracts"))]
EVENT = {
    "external_event_id": "EV-2026-017",
    "project": "Plant",
    "event_class": "grid_outage",
    "starts_at": "2026-06-01T10:05:00+02:00",
    "ends_at": "2026-06-01T10:50:00+02:00",
}
EXAMPLE = {
    "contract": {
        "external_contract_id": "PPA-1",
        "project": "Plant",
        "name": "Power purchase agreement",
        "starts_on": "2026-01-01",
        "currency_code": "EUR",
        "annual_fee": "30000",
    },
    "obligations": [
        {
            "code": "availability",
            "metric": "availability",
            "guarantee_percent": "98",
            "ld_basis": "per_point",
            "ld_rate": "500",
            "ld_step": "0.1",
            "cap_per_year_fee_share": "0.1",
        }
    ],
}


class PlantEvents(Part):
    """Events of plants."""

    events: Annotated[tuple[Event, ...], Field(min_length=1, max_length=50_000)]


class DaysAgain(BaseModel):
    """Days of a contract that are assessed again."""

    contract: str
    from_on: date
    to_on: date
    reason: str


class Planned(BaseModel):
    """What applying a document does, or did."""

    contract: str = Field(description="Number of the document's contract; empty when it has none.")
    outcome: Literal["new", "changed", "unchanged", "none"]
    version: int = Field(description="Version of the terms; 0 without a contract.")
    changes: list[str] = Field(description="What differs from what is stored, in words.")
    notes: list[str] = Field(description="Older names that were read, and what is worth knowing.")
    silent: dict[str, list[str]] = Field(description="By code, the fields that take their defaults.")
    reassessed: list[DaysAgain]
    needs_reason: bool
    is_written: bool


class ContractItem(BaseModel):
    """A contract with what its newest terms say; without terms, version is null."""

    contract_id: int
    external_contract_id: str
    name: str
    contract_type: str
    status: str
    counterparty: str | None
    project_id: int
    project: str
    time_zone: str
    currency_code: str | None
    starts_on: date | None
    ends_on: date | None
    version: int | None
    effective_on: date | None
    year_anchor_on: date | None
    assess_from_on: date | None
    applied_at: datetime | None


class Contracts(BaseModel):
    """A page of contracts in the order of their ids."""

    items: list[ContractItem]
    next_after: int | None = Field(description="Pass as `after` for the next page; null at the end.")


class Version(BaseModel):
    """One version of the terms."""

    version: int
    effective_on: date
    year_anchor_on: date
    assess_from_on: date
    currency_code: str
    terms_sha256: str = Field(description="SHA-256 of the canonical JSON (RFC 8785) of `terms`.")
    document_uri: str | None
    document_sha256: str | None
    reason: str
    applied_by: str
    applied_at: datetime
    terms: dict[str, Any]


class ShownContract(ContractItem):
    """A contract with everything that its assessment goes by; decimals are texts."""

    versions: list[Version]
    obligations: list[dict[str, Any]] = Field(description="Every version of every promise, with all its parameters.")
    events: list[dict[str, Any]] = Field(description="The newest events that concern it, at most a thousand.")
    meter_tests: list[dict[str, Any]] = Field(description="The newest tests of its meters, at most a thousand.")


def document() -> Callable[[Request], Awaitable[Document]]:
    """A dependency that reads a document as JSON or YAML with exact numbers."""

    async def read(request: Request) -> Document:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and kind not in YAML:
            what = f"the body is {kind or 'of no type'}, neither JSON nor YAML"
            raise Problem(415, "E607_MEDIA_TYPE", what, "send application/json or application/yaml")
        body = await bodies.bounded(request, MOST_BYTES)
        return read_yaml(body) if kind in YAML else read_json(body)

    return read


def _body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The request body of a document, in both forms."""
    described = schemas.json_request(model)
    content = described["requestBody"]["content"]
    content["application/json"]["schema"]["examples"] = [example]
    content["application/yaml"] = content["application/json"]
    return described


Sent = Annotated[Document, Depends(document())]
WRITING = schemas.COMMON | schemas.BODY


@router.post(
    "/contracts/plan", summary="Plan a contract document", responses=WRITING, openapi_extra=_body(ContractFile, EXAMPLE)
)
def plan(caller: Manager, sent: Sent) -> Planned:
    """What applying it would change, in words; nothing is written."""
    _own(caller, sent)
    return _planned(contracts.plan(sent.content, caller.organization_id, lines=sent.lines))


@router.post(
    "/contracts/apply",
    summary="Apply a contract document",
    responses=WRITING,
    openapi_extra=_body(ContractFile, EXAMPLE),
)
def apply(caller: Manager, sent: Sent, reason: Reason = "") -> Planned:
    """Whole or not at all; a change of terms becomes a new version, the same document again changes nothing."""
    _own(caller, sent)
    return _planned(
        contracts.apply(sent.content, caller.organization_id, actor=caller.name, reason=reason, lines=sent.lines)
    )


@router.post(
    "/plant-events",
    summary="Send events of plants",
    responses=WRITING,
    openapi_extra=_body(PlantEvents, {"events": [EVENT]}),
)
def plant_events(caller: Manager, sent: Sent, reason: Reason = "") -> Planned:
    """What excuses a plant or counts as an outage; a known id is a correction and becomes a new version."""
    if isinstance(sent.content, dict) and set(sent.content) != {"events"}:
        flaw = Flaw(CONTRADICTION, "", "says something other than events", "send {events: [...]}")
        raise ContractRefused([flaw])
    return _planned(
        contracts.apply(sent.content, caller.organization_id, actor=caller.name, reason=reason, lines=sent.lines)
    )


@router.get("/contracts", summary="List the contracts", responses=schemas.COMMON)
def listed(
    caller: Reader,
    after: fields.After = 0,
    limit: fields.Limit = 100,
) -> Contracts:
    """The organization's contracts in the order of their ids."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        items = contract_lists.contracts(connection, caller.organization_id, after=after, limit=limit)
    return {"items": items, "next_after": items[-1]["contract_id"] if len(items) == limit else None}


@router.get("/contracts/{contract_id}", summary="Show a contract", responses=schemas.COMMON)
def shown(caller: Reader, contract_id: fields.PathId) -> ShownContract:
    """One contract with the versions of its terms, its promises, and what happened at its plant."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return contract_views.of_id(connection, caller.organization_id, contract_id)


def _own(caller: Caller, sent: Document) -> None:
    """A document that names an organization names the caller's."""
    named = sent.content.get("organization") if isinstance(sent.content, dict) else None
    if named is None:
        return
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        own = registry.organization_name(connection, caller.organization_id)
    if str(named) not in {own, str(caller.organization_id)}:
        flaw = Flaw(CONTRADICTION, "organization", "is not yours", "leave it out", sent.lines.get("organization", 0))
        raise ContractRefused([flaw])


def _planned(made: contracts.Plan) -> dict[str, Any]:
    return made.as_dict()
