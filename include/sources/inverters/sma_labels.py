"""SMA: labels in plant time without offset to instants; a label names the end of its interval."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from include.core.clock import candidates
from include.sources.inverters.cells import Flaw, instant

LABEL = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class End:
    """The end of an interval: the label in plant time if it is one, and the instant or why there is none.

    is_ambiguous: the only copy of a label in the repeated hour, taken as the earlier instant
    """

    label: datetime | None
    at: datetime | Flaw
    is_ambiguous: bool = False


def ends(cells: list[Any], zone_name: str, fetched_at: datetime) -> list[End]:
    """Where the intervals of one series end, in the order of delivery.

    In the repeated hour of autumn the second pass begins where a label is not later than the one before it. With one
    pass only, nothing tells which it is, unless the later one had not come yet when the answer was fetched.
    """
    labels = [_label(cell) for cell in cells]
    instants = [candidates(label, zone_name) if label else () for label in labels]
    repeated = [place for place, found in enumerate(instants) if len(found) == 2]
    turn = next((after for before, after in pairwise(repeated) if labels[after] <= labels[before]), None)
    found = []
    for place, (label, at, cell) in enumerate(zip(labels, instants, cells, strict=True)):
        if label is None:
            found.append(End(None, instant(cell)))  # a label that carries its offset needs no zone
        elif not at:
            found.append(End(label, Flaw("R106_TS_NONEXISTENT", cell)))
        elif len(at) == 1:
            found.append(End(label, at[0]))
        else:
            is_second = turn is not None and place >= turn
            found.append(End(label, at[is_second], is_ambiguous=turn is None and at[1] <= fetched_at))
    return found


def _label(cell: Any) -> datetime | None:
    """A wall-clock time without offset; earlier years than 2000 no plant has seen."""
    try:
        return datetime.fromisoformat(cell) if isinstance(cell, str) and LABEL.fullmatch(cell) else None
    except ValueError:
        return None
