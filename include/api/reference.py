"""Reference data as rows of JSON: each row is checked by itself, the right ones are stored, the others are listed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, create_model

from include.api import bodies, fields, schemas
from include.api.callers import Caller, needs
from include.core.errors import NotFound
from include.pipeline import reference
from include.pipeline.reference_kinds import KINDS

router = APIRouter(tags=["reference data"])

MOST_ROWS = 5000
Cell = Annotated[str, Field(max_length=1000)] | bool | int | float | None
Row = Annotated[dict[Annotated[str, Field(max_length=100)], Cell], Field(max_length=100)]
Rows = Annotated[list[Row], Field(min_length=1, max_length=MOST_ROWS)]
Sender = Annotated[Caller, Depends(needs("reference_data"))]
# what a tenant may write; organizations are made by operators
OPEN_KINDS = tuple(name for name, kind in KINDS.items() if kind.has_organization)


class RefusedCell(BaseModel):
    """What is wrong with a row, and what to do."""

    row: int = Field(description="Number of the row in the request, from 1.")
    column: str
    value: str
    message: str
    remedy: str


class RowOutcome(BaseModel):
    """What became of a row."""

    row: int
    outcome: str = Field(description="inserted, updated, unchanged, new version or refused.")


class Report(BaseModel):
    """What became of each row."""

    kind: str
    rows_in: int
    rows_accepted: int
    rows_rejected: int
    inserted: int
    updated: int
    unchanged: int
    rows: list[RowOutcome]
    errors: list[RefusedCell]


RESPONSES = (
    schemas.COMMON
    | schemas.BODY
    | {
        200: {"model": Report, "description": "Every row is stored; sending it again changes nothing."},
        207: {"model": Report, "description": "Some rows are stored, the refused ones are listed."},
        422: schemas.PROBLEM
        | {"model": Report, "description": "No row is stored, or the request does not have the documented form."},
    }
)


def _form(name: str, member: str, example: dict[str, Any]) -> type[BaseModel]:
    """A body whose list of rows is called `member`."""
    base = type(
        f"{name}Base",
        (fields.Form,),
        {
            "__doc__": "Rows of reference data; names of columns as in CSV files.",
            "model_config": fields.example({member: [example]}),
        },
    )
    order = (Literal["DMY", "MDY"] | None, Field(default=None, description="Of dates such as 03/04/2026."))
    return create_model(name, __base__=base, **{member: (Rows, ...), "date_order": order})


RATES = _form("ExchangeRates", "rates", {"currency_code": "KES", "rate_date": "2026-06-30", "rate": "129.25"})
PRICES = _form(
    "ReferencePrices",
    "entries",
    {
        "project": "Plant",
        "observation_type": "monthly",
        "period_start": "2026-06-01",
        "operating_year": 1,
        "currency_code": "KES",
        "total_variable_charges": "1200000.00",
        "total_kwh_invoiced": "98000",
    },
)
INDEX = _form(
    "PriceIndex",
    "entries",
    {"index_code": "CPI", "index_name": "Consumer prices", "reference_date": "2026-06-01", "index_value": "312.4"},
)
ANY_KIND = _form("ReferenceRows", "rows", {"name": "2026-06", "start_on": "2026-06-01", "end_on": "2026-06-30"})


def _route(path: str, model: type[BaseModel], summary: str) -> Callable[[Callable], Callable]:
    return router.post(
        path,
        summary=summary,
        response_model=Report,
        responses=RESPONSES,
        openapi_extra=schemas.json_request(model),
    )


@_route("/fx-rates", RATES, "Send exchange rates")
def exchange_rates(caller: Sender, sent: Annotated[Any, Depends(bodies.of(RATES))]) -> JSONResponse:
    """Units of a currency for one dollar on a day."""
    return _loaded(caller, "exchange_rate", sent.rates, sent.date_order)


@_route("/reference-prices", PRICES, "Send reference prices")
def reference_prices(caller: Sender, sent: Annotated[Any, Depends(bodies.of(PRICES))]) -> JSONResponse:
    """What the grid's electricity cost a project in a month or an operating year."""
    return _loaded(caller, "reference_price", sent.entries, sent.date_order)


@_route("/price-index", INDEX, "Send values of a price index")
def price_index(caller: Sender, sent: Annotated[Any, Depends(bodies.of(INDEX))]) -> JSONResponse:
    """What tariffs escalate with."""
    return _loaded(caller, "price_index", sent.entries, sent.date_order)


@_route("/reference/{kind}", ANY_KIND, "Send reference data of any kind")
def any_kind(
    caller: Sender,
    kind: Annotated[Literal[OPEN_KINDS], Path(description="As docs/billing.md names the kinds.")],
    sent: Annotated[Any, Depends(bodies.of(ANY_KIND))],
) -> JSONResponse:
    """Projects, meters, contracts, contract lines, tariffs, periods, rates, prices and indices."""
    return _loaded(caller, kind, sent.rows, sent.date_order)


def _loaded(caller: Caller, kind: str, rows: list[dict[str, Any]], date_order: str | None) -> JSONResponse:
    if kind not in OPEN_KINDS:
        raise NotFound("there is no such kind of reference data", remedy=f"use one of {', '.join(OPEN_KINDS)}")
    # nothing that somebody meant is dropped in silence
    strange = {row: names for row, cells in enumerate(rows, 1) if (names := reference.unknown_columns(kind, cells))}
    report = reference.load_rows(
        [(row, _texts(cells)) for row, cells in enumerate(rows, 1) if row not in strange],
        kind,
        caller.organization_id,
        actor=caller.name,
        subject="api",
        is_partial=True,
        date_order=date_order,
    ).as_dict()
    outcomes = {row["line"]: row["outcome"] for row in report["rows"]}
    errors = [{"row": error.pop("line"), **error} for error in report["errors"]]
    for row, names in strange.items():
        outcomes[row] = "refused"
        errors.extend(_not_a_column(row, name) for name in names)
    words = list(outcomes.values())
    refused = words.count("refused")
    content = {
        "kind": kind,
        "rows_in": len(rows),
        "rows_accepted": len(rows) - refused,
        "rows_rejected": refused,
        "inserted": words.count("inserted") + words.count("new version"),
        "updated": words.count("updated"),
        "unchanged": words.count("unchanged"),
        "rows": [{"row": row, "outcome": outcomes[row]} for row in sorted(outcomes)],
        "errors": sorted(errors, key=lambda error: error["row"]),
    }
    return JSONResponse(content, 200 if not refused else 422 if refused == len(rows) else 207)


def _not_a_column(row: int, name: str) -> dict[str, Any]:
    return {"row": row, "column": name, "value": "", "message": "is no column of this kind", "remedy": "leave it out"}


def _texts(cells: dict[str, Any]) -> dict[str, str | None]:
    return {name: _text(cell) for name, cell in cells.items()}


def _text(cell: str | bool | float | None) -> str | None:
    """A cell as the loader reads it: numbers without an exponent."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return format(Decimal(repr(cell)), "f") if isinstance(cell, int | float) else cell
