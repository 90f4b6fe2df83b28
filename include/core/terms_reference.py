"""Every field of a contract file in a table: what it may be, its unit, its default and its effect, from the models."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from include.core.terms import Contract, Event, MeterTest
from include.core.terms_defaults import BY_METRIC, DEEMED_CLASSES, EVERY_METRIC
from include.core.terms_obligation import GuaranteeYear, Meters, MeterUse, Obligation

PARTS: Mapping[str, type[BaseModel]] = {
    "contract": Contract,
    "obligations": Obligation,
    "meters": Meters,
    "a meter in a role": MeterUse,
    "guarantee_years": GuaranteeYear,
    "events": Event,
    "meter_tests": MeterTest,
}
KINDS = {bool: "true or false", date: "day", datetime: "time", int: "whole number", Decimal: "number", str: "text"}


class Row(NamedTuple):
    """One field."""

    field: str
    may_be: str
    unit: str
    default: str
    effect: str


def rows(part: str) -> Iterator[Row]:
    """The fields of a part, in the order of the model."""
    for name, field in PARTS[part].model_fields.items():
        unit = (field.json_schema_extra or {}).get("unit", "")
        default = "needed" if field.is_required() else _default(name) if part == "obligations" else ""
        yield Row(name, _may_be(field), unit, default, field.description or "")


def markdown(part: str) -> str:
    """The fields of a part as a table in Markdown."""
    head = ("field", "may be", "unit", "default", "effect")
    lines = [head, ("---",) * len(head), *((f"`{row.field}`", *row[1:]) for row in rows(part))]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _default(name: str) -> str:
    """The default of an obligation's field, with the metrics that have their own."""
    parts = [_text(EVERY_METRIC[name])] if name in EVERY_METRIC else []
    own: dict[str, list[str]] = {}
    for metric, defaults in BY_METRIC.items():
        if name in defaults and defaults[name] != EVERY_METRIC.get(name):
            own.setdefault(_text(defaults[name]), []).append(metric)
    if name == "deemed_classes":
        own[_text(DEEMED_CLASSES)] = ["with a deemed_method"]
    return "; ".join([*parts, *(f"{', '.join(metrics)}: {text}" for text, metrics in own.items())])


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _may_be(field: FieldInfo) -> str:
    """The values that a field takes, in words."""
    kind, bounds = field.annotation, list(field.metadata)
    is_list = False
    while (inner := _unwrapped(kind)) is not None:
        bounds += list(getattr(kind, "__metadata__", ()))
        is_list |= get_origin(kind) is tuple
        kind = inner
    words = ", ".join(map(str, get_args(kind))) if get_origin(kind) is Literal else KINDS.get(kind, "mapping")
    limits = " ".join(_limits(bounds))
    return f"{'list of ' if is_list else ''}{words}{f' {limits}' if limits and not is_list else ''}"


def _unwrapped(kind: Any) -> Any:
    """What an optional, annotated or repeated type is about; null for a type that is neither."""
    if get_origin(kind) in {Annotated, tuple}:
        return get_args(kind)[0]
    arguments = [argument for argument in get_args(kind) if argument is not type(None)]
    return arguments[0] if type(None) in get_args(kind) else None


def _limits(bounds: list[Any]) -> Iterator[str]:
    signs = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
    for bound in bounds:
        for part in [bound, *getattr(bound, "metadata", ())]:
            for name, sign in signs.items():
                if (value := getattr(part, name, None)) is not None:
                    yield f"{sign} {value}"
