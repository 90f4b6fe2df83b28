"""Gathers what an event's pack is made of: terms, readings, weather, events, deliveries and audit entries."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from include.core import settings
from include.core.canonical_json import instant_text_us
from include.evidence import documents
from include.evidence.case import Case
from include.evidence.hashes import reading_line, reading_order
from include.lake.store import Lake
from include.warehouse import evidence_sources as sources
from include.warehouse.database import Connection

log = logging.getLogger(__name__)

# as far as registers may bridge a gap
REGISTER_GAP = timedelta(days=31)

Row = Mapping[str, Any]
Kept = tuple[tuple[Any, ...], bytes, int]  # place, canonical line, load


def gather(connection: Connection, lake: Lake, event: Row, pack: Row) -> Case:
    """Everything behind an event as its publication knew it; `pack` fixes the time and the newest audit entry.

    The event's `known_at` says until when the publication knew plant events and meter tests.
    """
    terms = sources.terms(connection, event)
    meters = sources.meters(connection, event["obligation_id"])
    meter_ids = sorted({meter["meter_id"] for meter in meters})
    # a year of many meters has millions of readings: only their lines are kept
    readings = sorted(map(_kept, _readings(connection, lake, event, meter_ids)))
    days = sources.days(connection, event)
    loads = _loads(connection, readings)
    case = Case(
        created_at=pack["built_at"],
        software={"sunledger": settings.software_version(), "rule_version": event["rule_version"]},
        event=event,
        contract=terms["contract"],
        contract_version=terms["contract_version"],
        obligation=terms["obligation"],
        plant=terms["plant"],
        meters=meters,
        guarantee_years=sources.guarantee_years(connection, event["obligation_id"]),
        plant_events=sources.plant_events(connection, event),
        meter_tests=sources.meter_tests(connection, event, meter_ids),
        readings=[line for _, line, _ in readings],
        readings_beside=_readings_beside(connection, event, terms["obligation"], meters),
        days=days,
        earlier_days=_earlier_days(connection, event, terms),
        loads=loads,
        audit=_audit(connection, event, loads, pack),
        custody=sources.custody(connection, event, pack["audit_seq"]),
    )
    return _as_detected(case)


def _as_detected(case: Case) -> Case:
    """The case with the days as they were at its event: where later data changed them since, summed anew."""
    if all(day["publication_id"] <= case.event["publication_id"] for day in case.days):
        return case
    log.info("days of event %s changed after it; they are summed from its readings", case.event["default_event_id"])
    found = documents.recomputed(case)
    by_day = {(day["meter_id"], day["day_on"]): day for day in found.days}
    return replace(case, days=[{**day, **by_day[day["meter_id"], day["day_on"].isoformat()]} for day in case.days])


def _kept(reading: Row) -> Kept:
    return reading_order(reading), reading_line(reading), reading["load_id"]


def _readings(connection: Connection, lake: Lake, event: Row, meter_ids: Sequence[int]) -> Iterator[Row]:
    """All readings of the period: from the archive for months that retention took away, else from the warehouse."""
    start, end = event["period_start"], event["period_end"]
    retired = set(sources.retired_months(connection, start, end))
    for span_start, span_end in pairwise(_month_edges(start, end)):
        if datetime(span_start.year, span_start.month, 1, tzinfo=UTC) in retired:
            from include.retention import archive

            yield from _as_published(
                archive.readings(lake, event["organization_id"], meter_ids, span_start, span_end),
                sources.replaced_since(connection, event, meter_ids, span_start, span_end),
                event["publication_id"],
            )
        else:
            yield from sources.readings(connection, event, meter_ids, span_start, span_end)


def _as_published(archived: Iterator[Row], replaced: Iterator[Row], publication_id: int) -> Iterator[Row]:
    """A month in the archive may have come back and been corrected since: then as it was, like one in the warehouse."""
    yield from (row for row in archived if row["publication_id"] <= publication_id)
    yield from replaced


def _readings_beside(
    connection: Connection, event: dict[str, Any], obligation: Row, meters: Sequence[Row]
) -> list[bytes]:
    """Readings of the measured meters beside the period, up to the next register, where that may bridge a gap."""
    if obligation["missing_policy"] != "substitute" or "register_difference" not in obligation["substitute_order"]:
        return []
    start, end, found = event["period_start"], event["period_end"], []
    for meter_id in sorted(meter["meter_id"] for meter in meters if meter["role"] == "measured"):
        before = sources.register_beside(connection, event, meter_id, (start - REGISTER_GAP, start), is_later=False)
        after = sources.register_beside(connection, event, meter_id, (end, end + REGISTER_GAP), is_later=True)
        spans = [(before, start)] if before else []
        spans += [(end, after + timedelta(microseconds=1))] if after else []
        rows = [row for span in spans for row in sources.readings(connection, event, [meter_id], *span)]
        found += [reading_line(row) for row in sorted(rows, key=reading_order)]
    return found


def _month_edges(start: datetime, end: datetime) -> list[datetime]:
    """The start, the first instants of the months (UTC) between, and the end."""
    edges, month = [start.astimezone(UTC)], start.astimezone(UTC)
    while True:
        month = (month.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(day=1)
        if month >= end:
            return [*edges, end.astimezone(UTC)]
        edges.append(month)


def _earlier_days(connection: Connection, event: Row, terms: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Days before the period: a year's maintenance so far, and the month that deemed energy learns from."""
    obligation, starts = terms["obligation"], []
    if obligation["maintenance_hours_per_year"] is not None:
        starts.append(_year_start(event["operating_year"], terms["contract_version"]["year_anchor_on"]))
    if obligation["deemed_method"] == "interval":
        starts.append((event["period_start_on"].replace(day=1) - timedelta(days=1)).replace(day=1))
    first = min(starts, default=event["period_start_on"])
    return sources.earlier_days(connection, event, first) if first < event["period_start_on"] else []


def _year_start(year: int, anchor: date) -> date:
    try:
        return anchor.replace(year=anchor.year + year - 1)
    except ValueError:  # 29 February in a year that has none
        return anchor.replace(year=anchor.year + year - 1, day=28)


def _loads(connection: Connection, readings: Sequence[Kept]) -> list[dict[str, Any]]:
    """The deliveries that the readings came from, with how many of them and of what time."""
    spans: dict[int, list[datetime]] = {}
    for (_, at, *_), _, load_id in readings:
        spans.setdefault(load_id, []).append(at)
    return [
        load
        | {
            "readings": len(spans[load["load_id"]]),
            "first_reading_at": min(spans[load["load_id"]]),
            "last_reading_at": max(spans[load["load_id"]]),
        }
        for load in sources.loads(connection, list(spans))
    ]


def _audit(connection: Connection, event: Row, loads: Sequence[Row], pack: Row) -> list[dict[str, Any]]:
    """The organization's audit chain from the first of these deliveries to the sealing."""
    since = min((load["received_at"] for load in loads), default=event["detected_at"])
    entries = sources.audit(connection, event["organization_id"], since, pack["audit_seq"])
    return [entry | {"occurred_at": instant_text_us(entry["occurred_at"])} for entry in entries]
