"""Vendor accounts: entered, changed, switched off and forgotten. A secret goes in and never comes out."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from include.api import bodies, fields, schemas
from include.api.callers import Caller, needs
from include.api.problems import malformed
from include.core.errors import ConfigurationError, NotFound
from include.pipeline import credentials as accounts
from include.pipeline import entered_secrets, vendor_lists
from include.warehouse import credentials as stored
from include.warehouse import registry, tenant_edits, tenant_lists
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["vendor accounts"])

Keeper = Annotated[Caller, Depends(needs("credentials"))]
Secret = Annotated[
    dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=10_000)]],
    Field(
        min_length=1,
        max_length=20,
        description="The vendor's fields, for example `api_key`; stored encrypted, never shown.",
        json_schema_extra={"writeOnly": True},
    ),
]
AuthType = Annotated[str, Field(max_length=40, description="Where the fields fit several kinds of account.")]
MostCalls = Annotated[int, Field(ge=1, le=100_000)]
MostCredits = Annotated[int, Field(ge=1, le=2**31 - 1)]
CONFLICT = {409: schemas.PROBLEM | {"description": "It contradicts what is stored."}}
VENDOR = {
    502: schemas.PROBLEM | {"description": "The vendor refuses, or answers nonsense."},
    503: schemas.PROBLEM | {"description": "The vendor does not answer; try again later."},
}


class NewCredential(fields.Form):
    """An account at a vendor."""

    model_config = fields.example({"source_system": "solaredge", "label": "fleet", "secret": {"api_key": "..."}})

    source_system: fields.SourceSystem
    label: fields.Label = Field(default="", description="Tells several accounts at one vendor apart.")
    auth_type: AuthType = ""
    secret: Secret
    calls_per_minute: MostCalls | None = None
    monthly_credits: MostCredits | None = None


class CredentialChange(fields.Form):
    """What to change; what is left out stays, null puts the vendor's own limit back."""

    model_config = fields.example({"label": "fleet", "monthly_credits": 5000})

    label: fields.Label | None = None
    auth_type: AuthType = ""
    secret: Secret | None = None
    calls_per_minute: MostCalls | None = None
    monthly_credits: MostCredits | None = None


class Credential(BaseModel):
    """An account without its secret."""

    credential_id: int
    source_system: str
    label: str
    auth_type: str
    state: str = Field(description="active, consent_pending, consent_lost, reauth_required, refused or disabled.")
    calls_per_minute: int | None
    monthly_credits: int | None
    renewable_until: datetime | None
    last_used_at: datetime | None
    last_error: str | None
    error_count: int
    created_at: datetime
    updated_at: datetime
    sites: int = Field(description="How many sites are read with it.")


class Credentials(BaseModel):
    """All accounts of an organization."""

    items: list[Credential]


class OfferedSite(BaseModel):
    """A site as the vendor lists it; `site_id` is ours where it is registered."""

    external_site_id: str
    name: str
    time_zone: str | None
    dc_capacity_w: float | None
    site_id: int | None


class OfferedSites(BaseModel):
    """What an account may read."""

    items: list[OfferedSite]


class OfferedDevice(BaseModel):
    """A device as the vendor lists it."""

    external_device_id: str
    kind: str
    name: str
    model: str | None
    rated_power_w: float | None


class OfferedDevices(BaseModel):
    """The devices of a site."""

    items: list[OfferedDevice]


@router.get("/credentials", summary="List the vendor accounts", responses=schemas.COMMON)
def listed(caller: Keeper) -> Credentials:
    """Every account of the organization, never its secret."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return {"items": tenant_lists.credentials(connection)}


@router.post(
    "/credentials",
    status_code=201,
    summary="Enter a vendor account",
    responses=schemas.COMMON | schemas.BODY | CONFLICT | VENDOR,
    openapi_extra=schemas.json_request(NewCredential),
)
def add(
    caller: Keeper, wanted: Annotated[NewCredential, Depends(bodies.of(NewCredential))], response: Response
) -> Credential:
    """Nothing is asked of the vendor, but where it asks the owner by letter; list its sites to try the account."""
    kind, secret = _secret(wanted.source_system, wanted.auth_type, wanted.secret)
    owner = accounts.Account(caller.organization_id, wanted.source_system, wanted.label)
    limits = {"calls_per_minute": wanted.calls_per_minute, "monthly_credits": wanted.monthly_credits}
    with connect() as connection:
        if registry.find_credential(connection, *owner):
            raise tenant_edits.label_taken()
        credential_id = accounts.enter(connection, owner, kind, secret, caller.name, limits)
    response.headers["Location"] = f"/api/ingest/credentials/{credential_id}"
    return _shown(caller, credential_id)


@router.get("/credentials/{credential_id}", summary="Show a vendor account", responses=schemas.COMMON)
def shown(caller: Keeper, credential_id: fields.PathId) -> Credential:
    """One account, never its secret."""
    return _shown(caller, credential_id)


@router.patch(
    "/credentials/{credential_id}",
    summary="Change a vendor account",
    responses=schemas.COMMON | schemas.BODY | CONFLICT | VENDOR,
    openapi_extra=schemas.json_request(CredentialChange),
)
def change(
    caller: Keeper,
    credential_id: fields.PathId,
    wanted: Annotated[CredentialChange, Depends(bodies.of(CredentialChange))],
) -> Credential:
    """A new secret takes the place of the old one and puts the account back into use."""
    known = _shown(caller, credential_id)
    changes = wanted.model_dump(include=wanted.model_fields_set - {"secret", "auth_type"})
    if changes.get("label", "") is None:
        del changes["label"]
    with connect() as connection:
        stored.locked(connection, credential_id)
        if changes:
            tenant_edits.change_credential(
                connection, caller.organization_id, credential_id, changes, actor=caller.name
            )
        if wanted.secret is not None:
            kind, secret = _secret(known["source_system"], wanted.auth_type, wanted.secret)
            label = changes.get("label", known["label"])
            owner = accounts.Account(caller.organization_id, known["source_system"], label)
            accounts.enter(connection, owner, kind, secret, caller.name)
    return _shown(caller, credential_id)


@router.post("/credentials/{credential_id}/disable", summary="Take an account out of use", responses=schemas.COMMON)
def disable(caller: Keeper, credential_id: fields.PathId) -> Credential:
    """Its sites are not read any more; its secret stays."""
    return _switched(caller, credential_id, on=False)


@router.post("/credentials/{credential_id}/enable", summary="Take an account back into use", responses=schemas.COMMON)
def enable(caller: Keeper, credential_id: fields.PathId) -> Credential:
    """Its sites are read again."""
    return _switched(caller, credential_id, on=True)


@router.delete(
    "/credentials/{credential_id}",
    status_code=204,
    summary="Forget a vendor account",
    responses=schemas.COMMON | CONFLICT,
)
def delete(caller: Keeper, credential_id: fields.PathId) -> None:
    """With its secret; refused while a site is read with it."""
    with connect() as connection:
        tenant_edits.delete_credential(connection, caller.organization_id, credential_id, actor=caller.name)


@router.get(
    "/credentials/{credential_id}/sites",
    summary="Ask the vendor for the account's sites",
    responses=schemas.COMMON | CONFLICT | VENDOR,
)
def offered_sites(caller: Keeper, credential_id: fields.PathId) -> OfferedSites:
    """As the vendor lists them now, with our id where a site is registered."""
    known = _shown(caller, credential_id)
    found = vendor_lists.sites(credential_id)
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        ours = tenant_lists.registered(connection, known["source_system"])
    return {"items": [{**_plain(site, OfferedSite), "site_id": ours.get(site.external_site_id)} for site in found]}


@router.get(
    "/credentials/{credential_id}/sites/{external_site_id}/devices",
    summary="Ask the vendor for a site's devices",
    responses=schemas.COMMON | CONFLICT | VENDOR,
)
def offered_devices(caller: Keeper, credential_id: fields.PathId, external_site_id: fields.Name) -> OfferedDevices:
    """As the vendor lists them now; register the site with them by `POST /sites`."""
    _shown(caller, credential_id)
    found = vendor_lists.devices(credential_id, external_site_id)
    return {"items": [_plain(device, OfferedDevice) for device in found]}


def _shown(caller: Caller, credential_id: int) -> dict[str, Any]:
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return tenant_lists.credential(connection, credential_id)


def _switched(caller: Caller, credential_id: int, *, on: bool) -> dict[str, Any]:
    _shown(caller, credential_id)
    accounts.switch(credential_id, on=on, actor=caller.name)
    return _shown(caller, credential_id)


def _secret(source_system: str, auth_type: str, secret: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The kind of account and its secret; messages name fields, never values."""
    try:
        return entered_secrets.read_secret(source_system, auth_type, json.dumps(secret))
    except NotFound as error:
        raise malformed(f"{error.message}: {error.remedy}", "source_system") from None
    except ConfigurationError as error:
        raise malformed(f"{error.message}: {error.remedy}", "secret") from None


def _plain(record: Any, model: type[BaseModel]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in model.model_fields if hasattr(record, name)}
