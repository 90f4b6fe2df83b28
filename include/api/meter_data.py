"""`POST /meter-data`: readings as JSON, judged before the answer."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from include.api import bodies, delivering, schemas
from include.api.callers import Caller, needs
from include.api.problems import malformed
from include.lake import keys
from include.pipeline.land import land_file

router = APIRouter(tags=["readings"])


@router.post(
    "/meter-data",
    status_code=201,
    summary="Push readings",
    response_model=schemas.Verdict,
    responses=schemas.ANSWERS,
    openapi_extra=schemas.json_request(schemas.MeterData),
)
def push_readings(
    request: Request,
    caller: Annotated[Caller, Depends(needs("meter_data"))],
    body: Annotated[bytes, Depends(bodies.json_body(bodies.JSON_BYTES))],
    key: delivering.IdempotencyKey = None,
) -> JSONResponse:
    """Store readings and judge them: every refused row comes back with its code, place and remedy.

    The delivery is durable before it is judged. Rows that pass are published within minutes.
    """
    payload = _checked(bodies.parsed(body))
    source = payload.get("source_type") or "snowflake"
    caller.may_send(source)

    def land(uri: str) -> dict[str, Any]:
        return land_file(
            body,
            name=f"meter-data_{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json",
            organization_id=caller.organization_id,
            source_system=source,
            uri=uri,
        )

    judge = request.app.state.shared.judge_push
    return delivering.deliver(caller, land, judge, scheme="api-push", route="meter-data", key=key, identity=body)


def _checked(payload: Any) -> dict[str, Any]:
    """The form of a push: one object with a list of readings; what stands in the rows is for the judge."""
    problem = None
    if not isinstance(payload, dict) or not isinstance(payload.get("readings"), list):
        problem = ("readings", "the body must be an object with a list `readings`")
    elif unknown := sorted(set(payload) - {"readings", "source_type", "metadata"}):
        problem = (str(unknown[0])[:100], "the body has a member that is not documented")
    elif not 1 <= len(payload["readings"]) <= bodies.MOST_ROWS:
        problem = ("readings", f"{len(payload['readings'])} readings; from 1 to {bodies.MOST_ROWS} are allowed")
    elif not all(isinstance(row, dict) for row in payload["readings"]):
        problem = ("readings", "every reading must be an object")
    elif payload.get("source_type", "snowflake") not in keys.INBOX_SOURCES:
        problem = ("source_type", f"the source must be one of {', '.join(keys.INBOX_SOURCES)}")
    elif not isinstance(payload.get("metadata", {}), dict):
        problem = ("metadata", "must be an object")
    if problem:
        place, message = problem
        raise malformed(message, place)
    return payload
