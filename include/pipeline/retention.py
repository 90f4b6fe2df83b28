"""What is kept for how long: what would go, and letting it go.

Partitions are made ahead, staged rows and copies of delivered files expire, months of readings go to the archive. Each
step is safe to repeat; a month that is in use or not proven yet waits for the next run and stops nothing else.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from include.core import settings
from include.core.errors import IllegalState, LakeUnavailable, MonthBusy, NotFound, ObjectCorrupt, SunledgerError
from include.pipeline import preserve
from include.retention import expiry as expiring
from include.retention import months
from include.retention.months import Moved
from include.warehouse import expiry, retention, retention_checks
from include.warehouse.database import connect

log = logging.getLogger(__name__)

ACTOR = "retention"
MONTHS_AHEAD = 13


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that retention would do, or does not do yet, in words; size in bytes."""

    what: str
    which: str
    count: int
    unit: str
    size_bytes: int
    outcome: str  # "goes", or why it stays

    @property
    def goes(self) -> bool:
        """Whether the next run does it."""
        return self.outcome == "goes"


def plan() -> Iterator[Step]:
    """What the next run would do, and what it would leave for a reason."""
    with connect() as connection:
        for day in expiry.raw_partitions_before(connection, expiring.raw_before()):
            stays = f"{day['needed_by']} loads need it" if day["needed_by"] else "goes"
            yield Step("staged rows", f"{day['feed']} {day['staged_on']}", 1, "load day", day["size_bytes"], stays)
        for zone in expiring.ZONES:
            found = expiry.count_copies(connection, zone, expiring.copies_before(zone))
            if found["copies"]:
                yield Step("copies", f"{zone}/", found["copies"], "objects", found["size_bytes"], "goes")
            if found["needed"]:
                why = "not published, or a period of theirs is not settled"
                yield Step("copies", f"{zone}/", found["needed"], "objects", 0, why)
        for month in retention.months_before(connection, readings_before()):
            reasons = retention_checks.blockers(connection, month["month_start"])
            size, rows = month["size_bytes"], month["estimated_rows"]
            outcome = "; ".join(reasons) or "goes"
            yield Step("readings", f"{month['month_start']:%Y-%m}", rows, "readings", size, outcome)


def readings_before() -> datetime:
    """The instant before which a month of readings must have ended to go to the archive."""
    return datetime.now(UTC) - timedelta(days=settings.retention_days("reading"))


def make_partitions() -> int:
    """Make the months of readings from this one to thirteen ahead; returns how many were missing."""
    now = datetime.now(UTC)
    with connect() as connection:
        return retention.ensure_partitions(connection, now, now + timedelta(days=31 * MONTHS_AHEAD))


def drop_raw() -> list[str]:
    """Drop staged rows that have served."""
    return expiring.drop_raw()


def expire_copies() -> dict[str, int]:
    """Take copies of delivered files away that have served, by zone."""
    return {zone: expiring.expire_copies(zone) for zone in expiring.ZONES}


def retire_months(actor: str = ACTOR) -> dict[str, str]:
    """Take every month away that may go; returns what became of each, in words.

    Days without a result are asked for, so that a later run can go on. Raises what went wrong with the first month
    whose archive is not as it has to be, after the others were tried.
    """
    with connect() as connection:
        waiting = [month["month_start"] for month in retention.months_before(connection, readings_before())]
        for month in waiting:
            retention_checks.ask_for_missing_days(connection, month)
    outcomes: dict[str, str] = {}
    failures: list[SunledgerError] = []
    with retention.exclusive():
        for month in waiting:
            try:
                moved = months.retire(month, actor=actor, proof=_prove_evidence)
                outcomes[f"{month:%Y-%m}"] = f"{moved.readings} readings went to the archive" if moved else "was gone"
            except (IllegalState, MonthBusy) as error:
                outcomes[f"{month:%Y-%m}"] = error.message
            except (ObjectCorrupt, NotFound, LakeUnavailable) as error:
                outcomes[f"{month:%Y-%m}"] = str(error)
                failures.append(error)
            log.info("%s: %s", month, outcomes[f"{month:%Y-%m}"])
    if failures:
        raise failures[0]
    return outcomes


def restore(month_start: date, *, actor: str, reason: str) -> Moved | None:
    """Bring a retired month back from the archive; None where it is in the database already."""
    with retention.exclusive():
        return months.restore(month_start, actor=actor, reason=reason)


def _prove_evidence(month_start: date) -> None:
    """Check every pack that stands for readings of a month in full once more, before the readings go."""
    with connect() as connection:
        events = retention_checks.events_touching(connection, month_start)
    broken = [
        event["default_event_id"]
        for event in events
        if not preserve.verify(event["default_event_id"], actor=ACTOR)["is_intact"]
    ]
    if broken:
        raise IllegalState(
            f"{month_start:%Y-%m} stays in the database: evidence is not intact: {', '.join(map(str, broken[:5]))}",
            remedy="`sunledger evidence verify EVENT` names what failed; restore the object from a copy",
        )
