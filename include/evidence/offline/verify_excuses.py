"""What excuses a slot, and what stands it still: plant events as the contract sees them, and the time they cover."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

if __package__:
    from include.evidence.offline.verify_readings import Slot
    from include.evidence.offline.verify_terms import ZERO, Terms, instant
else:
    from verify_readings import Slot
    from verify_terms import ZERO, Terms, instant

# during these a plant stands still, unless they excuse it
OUTAGES = frozenset({
    "forced_outage", "corrective_maintenance", "scheduled_maintenance", "requested_shutdown", "suspended",
    "owner_caused", "grid_outage", "force_majeure",
})  # fmt: skip
FOREVER = Decimal("Infinity")
Span = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Happening:
    """A plant event as the contract sees it."""

    event: Mapping[str, Any]
    starts: Decimal
    ends: Decimal
    rank: int | None  # its class's place among the excusing ones
    is_notified: bool
    is_deemed: bool

    @property
    def is_excuse(self) -> bool:
        """Whether it excuses: its class does, and notice was given in time."""
        return self.rank is not None and self.is_notified

    @property
    def is_down(self) -> bool:
        """Whether it is an outage that nothing excuses."""
        return self.event["event_class"] in OUTAGES and not self.is_excuse


def happening(terms: Terms, event: Mapping[str, Any]) -> Happening:
    """A plant event as the contract sees it."""
    starts, kind = instant(event["starts_at"]), event["event_class"]
    excusing = terms.words["excused_classes"]
    return Happening(
        event,
        starts,
        FOREVER if event["ends_at"] is None else instant(event["ends_at"]),
        excusing.index(kind) if kind in excusing else None,
        _is_notified(terms, event),
        kind in terms.words["deemed_classes"] and _is_notified(terms, event),
    )


def _is_notified(terms: Terms, event: Mapping[str, Any]) -> bool:
    """Maintenance has to be announced so many days before, force majeure to be told within so many days after."""
    names = {
        "scheduled_maintenance": ("maintenance_notice_days", -1),
        "force_majeure": ("force_majeure_notice_days", 1),
    }
    if event["event_class"] not in names:
        return True
    name, sign = names[event["event_class"]]
    days = terms.words[name]
    if days is None:
        return True
    latest = _days_later(event["starts_at"], sign * days, terms.plant["time_zone"])
    return event["notified_at"] is not None and instant(event["notified_at"]) <= latest


def _days_later(text: str, days: int, zone: str) -> Decimal:
    """The same time on the plant's clocks some days later; of a repeated hour the second, as the warehouse does."""
    wall = datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=days)
    at = max(wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    return instant(at.isoformat())


def united(slot: Slot, happenings: Iterable[Happening]) -> list[Span]:
    """The time of a slot in which any of the events went on; what overlaps counts once."""
    spans: list[Span] = []
    for starts, ends in sorted((max(one.starts, slot.start), min(one.ends, slot.end)) for one in happenings):
        if spans and starts <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], ends))
        else:
            spans.append((Decimal(starts), Decimal(ends)))
    return spans


def without(spans: list[Span], taken: list[Span]) -> list[Span]:
    """The time that is left when other spans are taken away."""
    for starts, ends in taken:
        spans = [
            part
            for begin, end in spans
            for part in ((begin, min(end, starts)), (max(begin, ends), end))
            if part[0] < part[1]
        ]
    return spans


def length(spans: Iterable[Span]) -> Decimal:
    """How long spans are together, seconds."""
    return sum((ends - starts for starts, ends in spans), ZERO)


def whole(seconds: Decimal) -> Decimal:
    """Seconds, rounded to whole ones."""
    return seconds.quantize(Decimal(1), ROUND_HALF_UP)
