"""`POST /upload`: one file as a form, small ones judged before the answer."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from include.api import delivering, schemas
from include.api.callers import Caller, needs
from include.api.multipart import Received, one_file
from include.api.problems import malformed
from include.lake import keys
from include.pipeline.land import land_file

router = APIRouter(tags=["files"])

SOURCE = "manual"
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "CSV, JSON, NDJSON or Parquet, each also gzipped.",
                        },
                        "source_type": {"type": "string", "enum": list(keys.INBOX_SOURCES), "default": SOURCE},
                    },
                    "required": ["file"],
                    "additionalProperties": False,
                }
            }
        },
    }
}


@router.post(
    "/upload",
    status_code=201,
    summary="Upload a file of readings",
    response_model=schemas.Verdict,
    responses=schemas.ANSWERS,
    openapi_extra=FORM,
)
def upload(
    request: Request,
    caller: Annotated[Caller, Depends(needs("meter_data"))],
    file: Annotated[Received, Depends(one_file)],
    source_type: Annotated[
        Literal["manual", "snowflake"] | None, Query(description="Which column map and devices it is read with.")
    ] = None,
    key: delivering.IdempotencyKey = None,
) -> JSONResponse:
    """Store a file and judge it. Files above 8 MiB are answered with 202 and judged later: see `status_url`."""
    source = _source(source_type, file.fields.get("source_type"))
    caller.may_send(source)

    def land(uri: str) -> dict[str, Any]:
        return land_file(
            file.path, name=file.name, organization_id=caller.organization_id, source_system=source, uri=uri
        )

    judge = request.app.state.shared.judge_file
    identity = f"{source} {file.sha256}".encode()
    return delivering.deliver(caller, land, judge, scheme="api-upload", route="upload", key=key, identity=identity)


def _source(in_query: str | None, in_form: str | None) -> str:
    if in_form is not None and in_form not in keys.INBOX_SOURCES:
        raise malformed(f"the source must be one of {', '.join(keys.INBOX_SOURCES)}", "source_type")
    if in_query and in_form and in_query != in_form:
        raise malformed("the query and the form name different sources", "source_type")
    return in_query or in_form or SOURCE
