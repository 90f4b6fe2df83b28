"""Whether the service can do its work: for load balancers, for operators, and for the accounts of an organization."""

from typing import Annotated, Any, Literal

import psycopg
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from include.api import bodies, problems, schemas
from include.api.callers import Caller, needs
from include.core.errors import SunledgerError
from include.lake.store import Lake
from include.warehouse import credential_lists
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["health"])


@router.get("/health", summary="Is the service up?", dependencies=[Depends(bodies.known_query)])
def health() -> dict[str, str]:
    """Answers as long as the process does; asks nothing else."""
    return {"status": "ok"}


class Part(BaseModel):
    """One thing that is needed."""

    status: Literal["ok", "failing"]
    reason: str | None = Field(default=None, description="The kind of failure.")


class Health(BaseModel):
    """Whether deliveries can be stored."""

    status: Literal["ok", "failing"]
    warehouse: Part
    lake: Part


@router.get(
    "/health/full",
    summary="Can the service store deliveries?",
    response_model=Health,
    responses=schemas.COMMON
    | {503: schemas.PROBLEM | {"model": Health, "description": "Not now; `reason` says what fails."}},
)
def full(caller: Annotated[Caller, Depends(needs("status"))]) -> JSONResponse:
    """Tries the warehouse and the lake; 503 when either fails."""
    parts = {"warehouse": _tried(_ask_warehouse), "lake": _tried(_ask_lake)}
    is_well = all(part["status"] == "ok" for part in parts.values())
    if is_well:
        return JSONResponse({"status": "ok", **parts})
    return JSONResponse({"status": "failing", **parts}, 503, {"Retry-After": str(problems.PAUSE_S)})


@router.get("/health/credentials", summary="Are the vendor accounts usable?", responses=schemas.COMMON)
def credentials(caller: Annotated[Caller, Depends(needs("credentials"))]) -> dict[str, Any]:
    """The state of every vendor account of the organization, never a secret."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        return {"credentials": credential_lists.listing(connection)}


def _tried(ask: Any) -> dict[str, str]:
    try:
        ask()
    except (OSError, SunledgerError, psycopg.Error) as error:
        return {"status": "failing", "reason": type(error).__name__}
    return {"status": "ok"}


def _ask_warehouse() -> None:
    with connect() as connection:
        connection.execute("select load_id from ops.ingestion_log order by load_id desc limit 1")


def _ask_lake() -> None:
    Lake().exists("raw/manual/1/2026-01-01/health")
