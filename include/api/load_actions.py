"""What people do about deliveries: fetch what was refused, replay a load, let a load or rows of it pass."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from include.api import bodies, delivering, schemas, verdicts
from include.api.callers import Caller, needs, people
from include.core import export
from include.pipeline import process, release
from include.warehouse import load_lists, loads, quarantine
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["loads"])

LoadId = Annotated[int, Path(ge=1, le=2**63 - 1)]
CSV = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A header and a line per row."}}
CONFLICT = {409: schemas.PROBLEM | {"description": "The load is not in a state for this."}}
REASON = Field(min_length=1, max_length=500, pattern=r"\S", description="Kept in the audit trail.")


class Replay(BaseModel):
    """Why a load is staged and judged again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "the device was mapped"}]})

    reason: str = REASON


class Release(BaseModel):
    """Why a held load passes, or which of its refused rows."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "confirmed by the plant", "rows": [4, 17]}]}
    )

    reason: str = REASON
    rows: list[Annotated[int, Field(ge=1, le=2**31)]] | None = Field(
        default=None, min_length=1, max_length=10_000, description="Numbers of refused rows; none: the whole held load."
    )


def _folder() -> Iterator[FilePath]:
    with tempfile.TemporaryDirectory(prefix="sunledger-export-") as folder:
        yield FilePath(folder)


@router.get(
    "/loads/{load_id}/rejected.csv",
    summary="Fetch the refused rows as CSV",
    response_class=FileResponse,
    responses=schemas.COMMON | CSV,
)
def rejected(
    caller: Annotated[Caller, Depends(needs("status"))],
    folder: Annotated[FilePath, Depends(_folder)],
    load_id: LoadId,
) -> FileResponse:
    """Every refused row with its cells as delivered, its codes and messages; safe to open in a spreadsheet."""
    path = folder / "rejected.csv"
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        load_lists.one(connection, load_id)
        columns = quarantine.original_columns(connection, load_id)
        with path.open("w", encoding="utf-8", newline="") as file:
            export.write_csv(file, [*columns, *quarantine.ABOUT], quarantine.exported(connection, load_id))
    headers = {"X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="text/csv", filename=f"rejected-{load_id}.csv", headers=headers)


@router.post(
    "/loads/{load_id}/replay",
    status_code=201,
    summary="Stage and judge a load again",
    response_model=schemas.Verdict,
    responses=schemas.ANSWERS,
    openapi_extra=schemas.json_request(Replay),
)
def replay(
    request: Request,
    caller: Annotated[Caller, Depends(people("member"))],
    order: Annotated[Replay, Depends(bodies.of(Replay))],
    load_id: LoadId,
) -> JSONResponse:
    """With today's column map and mapping; for people only. Large loads are answered with 202."""
    started = time.perf_counter()
    _require(caller, load_id)
    load = process.reopen(load_id, actor=caller.name, reason=order.reason)
    return delivering.answered(*delivering.told(request.app.state.shared.judge_file(load), started))


@router.post(
    "/loads/{load_id}/release",
    summary="Let a held load or refused rows pass",
    responses=schemas.COMMON | schemas.BODY | CONFLICT,
    openapi_extra=schemas.json_request(Release),
)
def let_pass(
    caller: Annotated[Caller, Depends(people("admin"))],
    order: Annotated[Release, Depends(bodies.of(Release))],
    load_id: LoadId,
) -> schemas.Verdict:
    """All named rows or none; a row whose cells could not be read cannot pass. For administrators and owners."""
    _require(caller, load_id)
    if order.rows is None:
        release.release_load(load_id, actor=caller.name, reason=order.reason)
    else:
        release.release_rows(load_id, dict.fromkeys(order.rows), actor=caller.name, reason=order.reason)
    with connect() as connection:
        return verdicts.verdict(connection, loads.get(connection, load_id))


def _require(caller: Caller, load_id: int) -> None:
    """Raise `NotFound` unless the load is one of the caller's organization."""
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        load_lists.one(connection, load_id)
