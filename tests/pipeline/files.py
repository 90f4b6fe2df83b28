"""Makes client files of regular quarter-hour readings."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

HEADER = "timestamp,site_id,energy_wh"
START = datetime(2026, 6, 1, tzinfo=UTC)


def csv(energies: Iterable[object], start: datetime = START, site: str = "P1", interval_s: int = 900) -> str:
    """A CSV with one row for each energy, one interval after the other."""
    lines = [HEADER]
    for number, energy in enumerate(energies):
        lines.append(f"{(start + timedelta(seconds=number * interval_s)).isoformat()},{site},{energy}")
    return "\n".join(lines) + "\n"
