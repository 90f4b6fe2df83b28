"""`POST /billing-reads`: what lines of contracts used in their periods, resolved and judged before the answer."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from include.api import bodies, delivering, fields, schemas
from include.api.callers import Caller, needs
from include.api.problems import malformed
from include.core.errors import ConfigurationError
from include.lake import keys
from include.pipeline import feeds
from include.pipeline.land import land_billing

router = APIRouter(tags=["billing"])

Cell = str | bool | int | float | None
EXAMPLE = {
    "source_type": "snowflake",
    "readings": [
        {
            "CONTRACT_LINE_UNIQUE_ID": "11481428495164935368",
            "BILL_DATE": "2026-06-30",
            "OPENING_READING": "1200.5",
            "CLOSING_READING": "4800.25",
            "METERED_AVAILABLE": "Metered",
            "QUANTITY_UNIT": "kWh",
            "CONTRACT_CURRENCY": "KES",
        }
    ],
}


class BillingReads(fields.Form):
    """A push of billing reads; columns as the adapter documents them."""

    model_config = fields.example(EXAMPLE)

    readings: list[dict[str, Cell]] = Field(min_length=1, max_length=bodies.MOST_ROWS)
    source_type: Literal["manual", "snowflake"] = "snowflake"
    adapter: Literal["cbe", "generic"] | None = Field(
        default=None, description="How to read the columns; none: as the source usually writes them."
    )
    metadata: dict[str, Any] = Field(default_factory=dict, description="Kept with the delivery, not interpreted.")


@router.post(
    "/billing-reads",
    status_code=201,
    summary="Push billing reads",
    response_model=schemas.Verdict,
    responses=schemas.ANSWERS,
    openapi_extra=schemas.json_request(BillingReads),
)
def push_billing_reads(
    request: Request,
    caller: Annotated[Caller, Depends(needs("billing_reads"))],
    body: Annotated[bytes, Depends(bodies.json_body(bodies.JSON_BYTES))],
    key: delivering.IdempotencyKey = None,
) -> JSONResponse:
    """Store billing reads, find their lines, meters, periods and tariffs, and judge them.

    A row that does not resolve comes back with its code, place and remedy; its neighbours are kept.
    """
    payload = _checked(bodies.parsed(body))
    source = payload.get("source_type", "snowflake")
    caller.may_send(source)
    adapter = payload.get("adapter") or feeds.adapter_of(source)
    try:
        feeds.require_adapter(adapter)
    except ConfigurationError as error:
        raise malformed(f"{error.message}: {error.remedy}", "adapter") from None

    def land(uri: str) -> dict[str, Any]:
        return land_billing(
            body,
            name=f"billing-reads_{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json",
            organization_id=caller.organization_id,
            source_system=source,
            adapter=adapter,
            uri=uri,
        )

    judge = request.app.state.shared.judge_push
    return delivering.deliver(caller, land, judge, scheme="api-push", route="billing-reads", key=key, identity=body)


def _checked(payload: Any) -> dict[str, Any]:
    """The form of a push: one object with a list of rows; what stands in the rows is for the judge."""
    if not isinstance(payload, dict) or not isinstance(payload.get("readings"), list):
        raise malformed("the body must be an object with a list `readings`", "readings")
    rows = payload["readings"]
    for name in sorted(set(payload) - set(BillingReads.model_fields)):
        raise malformed("the body has a member that is not documented", str(name)[:100])
    if not 1 <= len(rows) <= bodies.MOST_ROWS:
        raise malformed(f"{len(rows)} readings; from 1 to {bodies.MOST_ROWS} are allowed", "readings")
    if not all(isinstance(row, dict) for row in rows):
        raise malformed("every reading must be an object", "readings")
    if payload.get("source_type", "snowflake") not in keys.INBOX_SOURCES:
        raise malformed(f"the source must be one of {', '.join(keys.INBOX_SOURCES)}", "source_type")
    if not isinstance(payload.get("adapter"), str | None):
        raise malformed("must be a text", "adapter")
    if not isinstance(payload.get("metadata", {}), dict):
        raise malformed("must be an object", "metadata")
    return payload
