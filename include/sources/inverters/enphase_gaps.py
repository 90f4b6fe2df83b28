"""Enphase v4: which intervals were asked for, did not come, and will not come."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from include.core.clock import TimestampRefused, from_epoch
from include.sources.inverters.cells import Flaw, number

SETTLE_SECONDS = 300
SETTLE = timedelta(seconds=SETTLE_SECONDS)
LATEST_ARRIVAL = timedelta(hours=24)
SPANS = {name: timedelta(minutes=m) for name, m in {"5mins": 5, "15mins": 15, "day": 1440, "week": 10080}.items()}


def instant(cell: Any) -> datetime | Flaw:
    """Read seconds since 1970 as UTC."""
    if cell is None or cell == "":
        return Flaw("R101_TS_MISSING", "")
    value = number(cell)
    if isinstance(value, float):
        try:
            return from_epoch(value)
        except TimestampRefused:
            pass
    return Flaw("R102_TS_FORMAT", cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False))


def lost(payload: Mapping[str, Any], request: Mapping[str, Any], seconds: int) -> Iterator[datetime]:
    """Starts of the intervals whose value, if it is not in the answer, will not come any more.

    That is so when the gateway has reported since the end of the interval, or when a day has passed. Until then it
    may be late: some gateways report a few times a day. Nothing is lost before the system was in operation.
    """
    asked_from, asked_until = _asked(request["query"], seconds, payload.get("end_at"))
    meta = payload.get("meta") if isinstance(payload.get("meta"), dict) else {}
    reported_at, begun_at = instant(meta.get("last_report_at")), instant(meta.get("operational_at"))
    fetched_at = datetime.fromisoformat(request["fetched_at"])
    step = timedelta(seconds=seconds)
    while asked_from and (end := asked_from + step) <= min(asked_until, fetched_at - SETTLE):
        is_reported = isinstance(reported_at, datetime) and reported_at > end
        was_there = not isinstance(begun_at, datetime) or asked_from >= begun_at
        if was_there and (is_reported or fetched_at - end > LATEST_ARRIVAL):
            yield asked_from
        asked_from = end


def _asked(query: Mapping[str, Any], seconds: int, served_until: Any) -> tuple[datetime | None, datetime | None]:
    """The window that a query names, from its first whole interval to where the vendor says that the answer ends.

    None when the query left the window to the vendor.
    """
    begin, end = instant(query.get("start_at")), instant(query.get("end_at"))
    if isinstance(begin, Flaw):
        return None, None
    if isinstance(end, Flaw):
        end = begin + SPANS.get(str(query.get("granularity")), SPANS["day"])
    if isinstance(served := instant(served_until), datetime):
        end = min(end, served)
    return begin + timedelta(seconds=-int(begin.timestamp()) % seconds), end
