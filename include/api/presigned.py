"""Files put past the API: announced here, put under the URL of the answer, and completed here."""

import time
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from include.api import bodies, delivering, schemas
from include.api.callers import Caller, needs, stranger
from include.api.multipart import SMALLER, Received, bare_file
from include.api.problems import Problem
from include.core import settings
from include.core.labels import label
from include.pipeline import announced
from include.security import upload_urls
from include.warehouse import announced as stored
from include.warehouse.database import connect, set_tenant

router = APIRouter(tags=["files"])

MEDIA_TYPE = r"^[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}(; ?charset=[A-Za-z0-9-]{1,40})?$"
GONE = {410: schemas.PROBLEM | {"description": "The time for this upload is over."}}


class FileToCome(BaseModel):
    """A file that a client wants to put; what is said of it here is held against it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"filename": "june.csv", "content_type": "text/csv", "source_type": "manual"}]},
    )

    filename: str = Field(min_length=1, max_length=1000, description="Kept as a label; never a path.")
    content_type: str | None = Field(default=None, pattern=MEDIA_TYPE)
    source_type: Literal["manual", "snowflake"] = "manual"
    size_bytes: int | None = Field(default=None, ge=1, le=2**40)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$", description="Hexadecimal.")


class Invitation(BaseModel):
    """Where to put the announced file, with which request, and until when."""

    upload_id: UUID
    method: Literal["PUT"] = "PUT"
    upload_url: str = Field(description="Put the bytes here, without an Authorization header.")
    headers: dict[str, str] = Field(description="Send exactly these along.")
    lake_key: str
    expires_at: datetime


@router.post(
    "/presigned-url",
    status_code=201,
    summary="Ask for a URL to put a file under",
    responses=schemas.COMMON | schemas.BODY,
    openapi_extra=schemas.json_request(FileToCome),
)
def announce(
    caller: Annotated[Caller, Depends(needs("meter_data"))],
    file: Annotated[FileToCome, Depends(bodies.of(FileToCome))],
) -> Invitation:
    """The URL is good for 15 minutes and one file. The file is picked up by itself, or at once when completed."""
    caller.may_send(file.source_type)
    if file.size_bytes and file.size_bytes > settings.upload_limit_bytes():
        raise bodies.too_large(settings.upload_limit_bytes(), SMALLER)
    begun = announced.announce(
        caller.organization_id,
        file.source_type,
        label(file.filename),
        actor=caller.name,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
    )
    upload = begun.upload
    return Invitation(
        upload_id=upload["upload_id"],
        upload_url=begun.url,
        headers=begun.headers,
        lake_key=upload["lake_key"],
        expires_at=upload["expires_at"],
    )


def _signed(
    upload_id: UUID,
    expires: Annotated[int, Query(ge=0, le=2**40, description="Seconds since 1970.")],
    signature: Annotated[str, Query(min_length=43, max_length=43, description="Of the address that we gave.")],
) -> UUID:
    if not upload_urls.is_signed(upload_id, expires, signature):
        raise Problem(403, "E614_SIGNATURE", "the address is not one of ours", "use the upload_url as it was given")
    if expires <= datetime.now(UTC).timestamp():
        raise stored.expired()
    return upload_id


@router.put(
    "/uploads/{upload_id}/content",
    summary="Put an announced file",
    dependencies=[Depends(stranger)],
    response_class=Response,
    responses={
        200: {"description": "The file is stored.", "content": {}},
        409: schemas.PROBLEM | {"description": "Another file was put there, or it is not the announced one."},
        **{status: schemas.COMMON[status] for status in (403, 404, 422, 429, 503)},
        **GONE,
        **schemas.BODY,
    },
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}}}},
)
def put(upload_id: Annotated[UUID, Depends(_signed)], file: Annotated[Received, Depends(bare_file)]) -> Response:
    """The body is the file. The signature in the address is the permission; where the lake is on S3, S3 takes it."""
    announced.put(upload_id, file.path, file.sha256, file.size_bytes)
    return Response()


@router.post(
    "/uploads/{upload_id}/complete",
    status_code=201,
    summary="Say that an announced file is there",
    response_model=schemas.Verdict,
    responses=schemas.ANSWERS | GONE,
)
def complete(
    request: Request, caller: Annotated[Caller, Depends(needs("meter_data"))], upload_id: UUID
) -> JSONResponse:
    """Take the file in now and answer as for an upload; repeating it is safe. 409 while there is no file."""
    started = time.perf_counter()
    with connect("api") as connection:
        set_tenant(connection, caller.organization_id)
        upload = stored.get(connection, upload_id)
    caller.may_send(upload["source_system"])
    load = request.app.state.shared.judge_file(announced.land(upload))
    return delivering.answered(*delivering.told(load, started))
