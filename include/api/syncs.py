"""Reading one site now: the vendor's Dag does it, and this tells how it went."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from include.api import bodies, fields, schemas
from include.api.callers import Caller, needs
from include.api.problems import Problem
from include.core.errors import IllegalState
from include.warehouse import audit, tenant_lists
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["sites"])

# dag_id, run_id, conf, who asked; a run that exists already is no error
StartRun = Callable[[str, str, dict[str, Any], str], None]
Keeper = Annotated[Caller, Depends(needs("sites"))]
ANSWERS = {
    409: schemas.PROBLEM | {"description": "The site's account, or its Dag, is not in use."},
    503: schemas.PROBLEM | {"description": "There is nobody here who could start it."},
}


class Lookback(fields.Form):
    """How far to look back from the newest closed interval."""

    model_config = fields.example({"lookback_hours": 24})

    lookback_hours: int = Field(default=24, ge=1, le=168)


class SyncStarted(BaseModel):
    """A run that was asked for."""

    site_id: int
    run_id: str
    status_url: str


class Sync(BaseModel):
    """How far a site is stored, and how its last sync went."""

    site_id: int
    source_system: str
    is_active: bool
    status: str | None = Field(description="success, partial, error, pending while it runs; null before the first.")
    error: str | None
    last_sync_started_at: datetime | None
    last_sync_at: datetime | None
    high_water_mark: datetime | None = Field(description="Everything before this instant is stored.")
    failed_from: datetime | None = Field(description="Where the part begins that failed last.")
    failed_until: datetime | None
    consecutive_failures: int
    credential_state: str


@router.post(
    "/sync/{site_id}",
    status_code=202,
    summary="Read a site now",
    responses=schemas.COMMON | schemas.BODY | ANSWERS,
    openapi_extra=schemas.json_request(Lookback),
)
def start(
    request: Request,
    response: Response,
    caller: Keeper,
    site_id: fields.PathId,
    wanted: Annotated[Lookback, Depends(bodies.of(Lookback))],
) -> SyncStarted:
    """Start the vendor's Dag for this site alone; asked for twice within a minute, it runs once."""
    sync = _sync(caller, site_id)
    if sync["credential_state"] != "active":
        raise IllegalState(
            f"the site's account is {sync['credential_state'].replace('_', ' ')}", remedy="mend the account first"
        )
    start_run: StartRun | None = request.app.state.start_run
    if start_run is None:
        raise Problem(503, "E615_NO_SCHEDULER", "this server runs without Airflow", "ask Airflow's own server")
    run_id = f"api__site_{site_id}__{wanted.lookback_hours}h__{datetime.now(UTC):%Y%m%dT%H%MZ}"
    conf = {"site_id": site_id, "lookback_hours": wanted.lookback_hours}
    start_run(f"extract_{sync['source_system']}", run_id, conf, caller.name)
    with connect() as connection:
        audit.record(
            connection,
            actor=caller.name,
            action="sync_asked_for",
            subject=f"site {site_id}",
            organization_id=caller.organization_id,
            details={**conf, "run_id": run_id},
        )
    status_url = f"/api/ingest/sync/{site_id}"
    response.headers["Location"] = status_url
    return {"site_id": site_id, "run_id": run_id, "status_url": status_url}


@router.get("/sync/{site_id}", summary="Show how a site's sync goes", responses=schemas.COMMON)
def status(caller: Keeper, site_id: fields.PathId) -> Sync:
    """The state of the newest sync, whoever asked for it."""
    return _sync(caller, site_id)


def _sync(caller: Caller, site_id: int) -> dict[str, Any]:
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return tenant_lists.sync(connection, site_id)
