"""From a load to its parser: the one place that knows which source reads which lake object."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core import settings
from include.core.records import FileHints, Site
from include.warehouse import judged

FILE_FEED = "file_reading"
BILLING_FEED = "billing_read"
CLIENT_FEEDS = (FILE_FEED, BILLING_FEED)
PARSER_VERSION = 1
BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Rules:
    """How the rows of a feed are judged: the view that shows them, and the codes that mean more than a count.

    `key` tells what a row speaks of, so that no two clean rows of a load may share it. `kept` are the columns that are
    worked out beside those that rules look at, and `kept_in` the raw table where they wait to be published; without
    one they are gone with the verdict, and publishing works them out anew.
    """

    view: str
    key: tuple[str, ...]
    duplicate: str
    kept: tuple[str, ...]
    kept_in: str | None = None
    unmapped: str | None = None


READING_KEY = ("meter_id", "interval_start", "reading_interval_seconds")
READING_RULES = Rules(
    view="int_readings__profiled",
    key=READING_KEY,
    duplicate="R401_DUP_IN_FILE",
    kept=(
        *("staged_on", "organization_id", "source_system", "external_site_id", "external_device_id", "received_at"),
        *("project_id", *READING_KEY, "time_zone"),
        *("energy_wh", "energy_total_wh", "energy_limit_wh", "power_w", "irradiance_wm2", "temperature_c"),
        *("other_metrics", "quality", "quality_rank"),
    ),
    kept_in=judged.READINGS,
    unmapped="R501_SITE_UNMAPPED",
)
BILLING_KEY = ("billed_line_id", "billing_period_id")
BILLING_RULES = Rules(view="int_billing__profiled", key=BILLING_KEY, duplicate="B401_DUP_IN_BATCH", kept=BILLING_KEY)


def rules(load: dict[str, Any]) -> Rules:
    """How a load's rows are judged."""
    return BILLING_RULES if load["feed"] == BILLING_FEED else READING_RULES


def column_map(load: dict[str, Any]) -> str | None:
    """The stored column map that says how to read a load's file; None where a vendor answers in its own form."""
    return {FILE_FEED: load["source_system"], BILLING_FEED: "billing"}.get(load["feed"])


def schema(load: dict[str, Any]) -> pa.Schema:
    """The Arrow schema of a load's raw rows, without the columns that staging adds."""
    if load["feed"] == BILLING_FEED:
        return _billing_source().RAW_SCHEMA
    return _file_source().RAW_SCHEMA if load["feed"] == FILE_FEED else _vendor(load).RAW_SCHEMA


def batches(load: dict[str, Any], path: Path) -> Iterator[pa.RecordBatch]:
    """Parse a load's lake object into raw rows, in bounded memory."""
    if load["feed"] == FILE_FEED:
        yield from _file_source().read(path, load["original_name"], _hints(load))
        return
    if load["feed"] == BILLING_FEED:
        billing = _billing_source()
        yield from billing.read(path, load["original_name"], billing.adapter(load["hints"]["adapter"]), _hints(load))
        return
    rows = _vendor_rows(load, path)
    while chunk := list(islice(rows, BATCH_ROWS)):
        yield pa.RecordBatch.from_pylist(chunk, schema=schema(load))


def cells(load: dict[str, Any], path: Path, row_numbers: set[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The original cells of some rows, as they were delivered, for a person who has to mend them."""
    if load["feed"] == FILE_FEED:
        yield from _file_source().cells(path, load["original_name"], _hints(load), row_numbers)
        return
    if load["feed"] == BILLING_FEED:
        yield from _billing_source().cells(path, load["original_name"], _hints(load), row_numbers)
        return
    for row in _vendor_rows(load, path):
        if row["row_number"] in row_numbers:
            yield row["row_number"], {name: _text(value) for name, value in row.items() if value is not None}


def headers(load: dict[str, Any], delivered: tuple[str, ...]) -> dict[str, str]:
    """A column as its source calls it -> the header under which a row of a load has it."""
    if load["feed"] == FILE_FEED:
        return _file_source().headers(list(delivered), _hints(load))
    if load["feed"] == BILLING_FEED:
        return {name: header for header in delivered for name in [_billing_source().name_of(header, _hints(load))]}
    return {name: name for name in delivered}


def require_adapter(name: str) -> None:
    """Raise `ConfigurationError` unless there is a billing adapter of that name."""
    _billing_source().adapter(name)


def adapter_of(source_system: str) -> str:
    """The billing adapter that a source usually speaks."""
    return _billing_source().adapter_of(source_system)


def feed_of(source_system: str) -> str:
    """The raw table (without its schema) that a source fills."""
    from include.sources.inverters import REGISTRY

    return REGISTRY[source_system].RAW_TABLE.removeprefix("raw.") if source_system in REGISTRY else FILE_FEED


def suites(load: dict[str, Any]) -> tuple[str, ...]:
    """The expectation suites of a load: the one for all readings, and its source's own where there is one."""
    if load["feed"] == BILLING_FEED:
        return ("billing",)
    own = load["source_system"]
    return ("readings", own) if (settings.PROJECT_ROOT / "expectations" / f"{own}.json").is_file() else ("readings",)


def _vendor_rows(load: dict[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    yield from _vendor(load).parse(path.read_bytes(), load["request"], _site(load))


def _site(load: dict[str, Any]) -> Site:
    names = {field.name for field in fields(Site)}
    known = {name: value for name, value in load["hints"].items() if name in names}
    return Site(**known | {name: tuple(known.get(name, ())) for name in ("series", "devices")})


def _hints(load: dict[str, Any]) -> FileHints:
    names = {field.name for field in fields(FileHints)}
    known = {name: value for name, value in load["hints"].items() if name in names}
    return FileHints(**known | {"null_values": tuple(known.get("null_values", ()))})


def _text(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _file_source():
    from include.sources import files

    return files


def _billing_source():
    from include.sources import billing

    return billing


def _vendor(load: dict[str, Any]):
    from include.sources.inverters import REGISTRY

    return REGISTRY[load["source_system"]]
