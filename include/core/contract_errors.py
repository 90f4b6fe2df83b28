"""What can be wrong with a contract file: every problem with its code, its place and what to do about it.

C701 unreadable, C702 unknown field, C703 missing, C704 wrong value, C705 contradiction, C706 unknown name, C707 said
twice, C708 no reason for a change, C709 the readings of its days are in the archive.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from include.core.errors import SunledgerError

UNREADABLE = "C701_UNREADABLE"
UNKNOWN_FIELD = "C702_UNKNOWN_FIELD"
MISSING = "C703_MISSING"
WRONG_VALUE = "C704_WRONG_VALUE"
CONTRADICTION = "C705_CONTRADICTION"
UNKNOWN_NAME = "C706_UNKNOWN_NAME"
SAID_TWICE = "C707_SAID_TWICE"
NO_REASON = "C708_NO_REASON"
ARCHIVED = "C709_ARCHIVED"

LAST_STEP = re.compile(r"(?:\.[^.\[]*|\[\d+\]|^[^.\[]*)$")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong; `place` is a path such as `obligations[0].ld_rate`, `line` its line, 0 if unknown."""

    code: str
    place: str
    message: str
    remedy: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.place or 'the file'}, line {self.line}" if self.line else self.place or "the file"
        return f"{self.code}: {where}: {self.message} ({self.remedy})"


class ContractRefused(SunledgerError):
    """A contract file is not applied; `flaws` lists everything that is wrong with it, and nothing was written."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        first, more = flaws[0], len(flaws) - 1
        message = f"{first.message}; and {more} more" if more else first.message
        super().__init__(message, place=first.place, remedy=first.remedy)
        self.code, self.flaws = first.code, tuple(flaws)


def located(flaws: Iterable[Flaw], lines: Mapping[str, int]) -> list[Flaw]:
    """The flaws with their lines; what the file does not say stands in the line of the part that lacks it."""
    return [replace(flaw, line=_line(flaw.place, lines)) for flaw in flaws]


def _line(place: str, lines: Mapping[str, int]) -> int:
    while place and place not in lines:
        place = LAST_STEP.sub("", place)
    return lines.get(place, 0)
