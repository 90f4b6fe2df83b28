"""The documented forms of requests and answers, with examples; OpenAPI is made from these."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

IDEMPOTENCY_KEY = "A text of your choice, at most 255 characters. A repeat with the same key gets the first answer."

Number = float | str | None


class Reading(BaseModel):
    """One interval of one device; times name the start and carry an offset, unless the column map names a zone."""

    model_config = ConfigDict(extra="allow")

    timestamp: str | int = Field(description="Start of the interval: ISO 8601, or Unix seconds.")
    site_id: str | int | None = Field(default=None, description="Your id of the site.")
    device_id: str | int | None = Field(default=None, description="Your id of the device, where a site has several.")
    energy_wh: Number = Field(default=None, description="Energy in the interval, watt-hours; never a counter.")
    power_w: Number = Field(default=None, description="Mean power in the interval, watts.")
    irradiance_wm2: Number = Field(default=None, description="Mean irradiance, watts per square metre.")
    temperature_c: Number = Field(default=None, description="Ambient temperature, degrees Celsius.")
    quality: str | None = Field(default=None, description="measured, estimated or missing.")
    interval_seconds: int | str | None = Field(default=None, description="Length of the interval, seconds.")


class MeterData(BaseModel):
    """A push of readings."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "source_type": "snowflake",
                    "readings": [
                        {
                            "timestamp": "2026-06-01T10:00:00+02:00",
                            "site_id": "P1",
                            "energy_wh": 1250.5,
                            "interval_seconds": 900,
                        }
                    ],
                }
            ]
        },
    )

    readings: list[Reading] = Field(min_length=1, max_length=50_000)
    source_type: Literal["manual", "snowflake"] = "snowflake"
    metadata: dict[str, Any] = Field(default_factory=dict, description="Kept with the delivery, not interpreted.")


class RowError(BaseModel):
    """Why one row was refused."""

    row: int = Field(description="Number of the row in the delivery, from 1.")
    code: str = Field(examples=["R301_ENERGY_RANGE"])
    column: str | None
    value: Any = Field(description="The cell as delivered, where the rule looks at one.")
    message: str
    remedy: str
    severity: str = Field(description="reject; or hold, for a row that waits and is judged again by itself.")
    can_pass: bool = Field(description="Whether a person may let the row pass; not where a cell could not be read.")
    original: dict[str, Any] = Field(description="The whole row as delivered, in its order.")
    status: str = Field(description="open, or released by a person.")


class Warned(BaseModel):
    """Something worth a look in rows that passed."""

    code: str
    rows: int
    message: str
    first_rows: list[int]


class Verdict(BaseModel):
    """What became of a delivery."""

    load_id: int
    status: str = Field(
        description="accepted, partial, held, rejected, empty, duplicate, published, published_partial; "
        "landed, staged or failed while it is not judged yet."
    )
    content_hash: str = Field(description="SHA-256 of the delivered bytes, hexadecimal.")
    duplicate_of: int | None
    rows_in: int | None
    rows_accepted: int | None
    rows_rejected: int | None
    rows_duplicate: int | None
    data_start: str | None
    data_end: str | None
    code: str | None
    message: str | None
    remedy: str | None
    errors: list[RowError]
    warnings: list[Warned]
    received_at: str
    judged_at: str | None
    published_at: str | None
    status_url: str
    processing_time_ms: int | None = None


class LoadItem(BaseModel):
    """One line of the history."""

    load_id: int
    source_system: str
    original_name: str
    status: str
    rows_in: int | None
    rows_clean: int | None
    rows_rejected: int | None
    rows_duplicate: int | None
    code: str | None
    message: str | None
    received_at: str


class History(BaseModel):
    """A page of the history, newest first."""

    items: list[LoadItem]
    next_before: int | None = Field(description="Pass as `before` for the next page; null at the end.")


class DayStatistics(BaseModel):
    """Deliveries of one day, UTC."""

    day: str
    source_system: str
    loads: int
    accepted: int
    held_or_rejected: int
    duplicates: int
    rows_in: int
    rows_accepted: int
    rows_rejected: int
    median_judging_seconds: float | None


class Statistics(BaseModel):
    """Deliveries per day and source."""

    days: list[DayStatistics]


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    remedy: str
    errors: list[dict[str, Any]] | None = None


PROBLEM = {"content": {"application/problem+json": {"schema": ProblemDocument.model_json_schema()}}}
COMMON: dict[int | str, dict[str, Any]] = {
    400: PROBLEM | {"description": "The request cannot be taken."},
    401: PROBLEM | {"description": "No valid key and no login."},
    403: PROBLEM | {"description": "The key lacks a scope or is bound to another source."},
    404: PROBLEM | {"description": "There is no such thing in your organization."},
    422: PROBLEM | {"description": "The request does not have the documented form."},
    429: PROBLEM | {"description": "Too many requests; Retry-After says how long to wait."},
    503: PROBLEM | {"description": "The warehouse does not answer; try again later."},
}
BODY: dict[int | str, dict[str, Any]] = {
    413: PROBLEM | {"description": "The body is too large."},
    415: PROBLEM
    | {
        "description": "The body is not of the documented type, or has a Content-Encoding: it is taken as it comes.",
        "headers": {
            "Accept-Encoding": {
                "description": "identity, where the Content-Encoding was refused.",
                "schema": {"type": "string"},
            }
        },
    },
}
ANSWERS: dict[int | str, dict[str, Any]] = (
    COMMON
    | BODY
    | {
        201: {"model": Verdict, "description": "Every row was accepted."},
        202: {"model": Verdict, "description": "Stored; the verdict follows at `status_url`."},
        207: {"model": Verdict, "description": "Some rows were accepted, the refused ones are listed."},
        409: PROBLEM
        | {"model": Verdict, "description": "The same content was delivered before, or the key is under way."},
        422: PROBLEM
        | {"model": Verdict, "description": "Nothing was accepted, or the request does not have the documented form."},
    }
)


def json_request(model: type[BaseModel]) -> dict[str, Any]:
    """The request body of a route that reads its bytes itself."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs", {})
    body = {"required": True, "content": {"application/json": {"schema": _inlined(schema, definitions)}}}
    return {"requestBody": body}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
        return {name: _inlined(value, definitions) for name, value in schema.items()}
    return [_inlined(item, definitions) for item in schema] if isinstance(schema, list) else schema
