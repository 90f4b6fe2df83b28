"""Keys of clients, made and ended by people who administer the organization. A key is shown once."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from include.api import bodies, fields, schemas
from include.api.callers import Caller, people
from include.warehouse import api_keys as stored
from include.warehouse.database import connect

router = APIRouter(tags=["keys"])

Administrator = Annotated[Caller, Depends(people("admin"))]
Scope = Literal[stored.SCOPES]
CONFLICT = {409: schemas.PROBLEM | {"description": "The key is revoked, expired or replaced already."}}


class WantedKey(fields.Form):
    """What a new key may do, and for how long."""

    model_config = fields.example({"label": "nightly push", "scopes": ["meter_data", "status"], "days": 365})

    label: fields.Name
    scopes: list[Scope] = Field(min_length=1, max_length=len(stored.SCOPES))
    source_system: fields.SourceSystem | None = Field(default=None, description="Binds the key to one source.")
    calls_per_minute: int | None = Field(default=None, ge=1, le=100_000, description="600 unless another is named.")
    days: int | None = Field(default=None, ge=1, le=3650, description="Its life; none means until revoked.")


class ShownKey(BaseModel):
    """A key without its secret."""

    api_key_id: int
    label: str
    prefix: str = Field(description="The beginning of the key; the rest is known to its owner only.")
    scopes: list[str]
    source_system: str | None
    calls_per_minute: int
    replaced_by_id: int | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class MadeKey(ShownKey):
    """A key just made; `api_key` is shown this once."""

    api_key: str


class Keys(BaseModel):
    """All keys of an organization, newest first."""

    items: list[ShownKey]


@router.post(
    "/credentials/generate-key",
    status_code=201,
    summary="Make a key",
    responses=schemas.COMMON | schemas.BODY,
    openapi_extra=schemas.json_request(WantedKey),
)
def make(
    caller: Administrator, wanted: Annotated[WantedKey, Depends(bodies.of(WantedKey))], response: Response
) -> MadeKey:
    """The key itself stands in this answer and nowhere else."""
    with connect() as connection:
        new = stored.create(
            connection,
            caller.organization_id,
            label=wanted.label,
            scopes=sorted(set(wanted.scopes)),
            actor=caller.name,
            source_system=wanted.source_system,
            calls_per_minute=wanted.calls_per_minute,
            days=wanted.days,
        )
        return _shown_once(connection, caller, new, response)


@router.get("/keys", summary="List the keys", responses=schemas.COMMON)
def listed(caller: Administrator) -> Keys:
    """Every key of the organization, never its secret."""
    with connect() as connection:
        return {"items": stored.listing(connection, caller.organization_id)}


@router.get("/keys/{api_key_id}", summary="Show a key", responses=schemas.COMMON)
def shown(caller: Administrator, api_key_id: fields.PathId) -> ShownKey:
    """One key, never its secret."""
    with connect() as connection:
        return stored.get(connection, caller.organization_id, api_key_id)


@router.post("/keys/{api_key_id}/rotate", status_code=201, summary="Replace a key", responses=schemas.COMMON | CONFLICT)
def rotate(caller: Administrator, api_key_id: fields.PathId, response: Response) -> MadeKey:
    """Make a key with the same rights; the old one works for another week."""
    with connect() as connection:
        new = stored.rotate(connection, caller.organization_id, api_key_id, actor=caller.name)
        return _shown_once(connection, caller, new, response)


@router.delete("/keys/{api_key_id}", status_code=204, summary="Revoke a key", responses=schemas.COMMON)
def revoke(caller: Administrator, api_key_id: fields.PathId) -> None:
    """It ends at once; revoking it again changes nothing."""
    with connect() as connection:
        stored.revoke(connection, caller.organization_id, api_key_id, actor=caller.name)


def _shown_once(connection, caller: Caller, new: stored.NewKey, response: Response) -> MadeKey:
    response.headers["Cache-Control"] = "no-store"
    row = stored.get(connection, caller.organization_id, new.api_key_id)
    return MadeKey(**row, api_key=new.text)
