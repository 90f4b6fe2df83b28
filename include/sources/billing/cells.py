"""One delivered billing row on its way to the raw table: texts by name, read on request, bad ones noted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from include.core.clock import TimestampRefused, parse
from include.core.controls import storable
from include.core.numbers import DecimalMark, NumberRefused
from include.core.numbers import parse as parse_number
from include.sources.files.cells import SHOWN_LETTERS

LARGEST_ID = 2**63 - 1


@dataclass(slots=True)
class Cells:
    """The cells of one row by name in lower case; a cell is null where it is empty.

    names:           every column of the delivery, so that an empty cell differs from a column that does not exist
    flaws:           delivered name -> code and text of a cell that could not be read
    asked, measures: the names that somebody asked for, and those of them that hold numbers or dates
    """

    texts: Mapping[str, str | None]
    names: frozenset[str]
    style: DecimalMark
    date_order: str | None = None
    flaws: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    measures: set[str] = field(default_factory=set)

    def text(self, *names: str) -> str | None:
        """The first of these cells that is not empty."""
        self.asked.update(names)
        return next((text for name in names if (text := (self.texts.get(name) or "").strip())), None)

    def has(self, *names: str) -> bool:
        """Whether the delivery has a column of one of these names at all."""
        return not self.names.isdisjoint(names)

    def number(self, *names: str) -> float | None:
        """A finite number; zero is a value, and no value is none."""
        self.measures.update(names)
        text = self.text(*names)
        if text is None:
            return None
        try:
            return parse_number(text, self.style)
        except NumberRefused as refused:
            return self._note(names, "B2" + refused.code[2:], text, refused.remedy)

    def whole(self, *names: str) -> int | None:
        """An id or a count."""
        self.measures.update(names)
        text = self.text(*names)
        if text is None:
            return None
        digits = text.removesuffix(".0")
        if not (digits.isascii() and digits.isdigit()) or int(digits) > LARGEST_ID:
            return self._note(names, "B201_NOT_NUMERIC", text)
        return int(digits)

    def day(self, *names: str) -> date | None:
        """A calendar day as it is written: year first, or in the declared order of day and month."""
        self.measures.update(names)
        text = self.text(*names)
        if text is None:
            return None
        if text.replace(".", "", 1).isdigit():
            return self._note(names, "B102_DATE_FORMAT", text, "write the date as 2026-01-31")
        try:
            return parse(text, self.date_order).date()
        except TimestampRefused as refused:
            code = refused.code if refused.code == "R105_TS_AMBIGUOUS" else "B102_DATE_FORMAT"
            return self._note(names, code, text, refused.remedy)

    def words(self) -> dict[str, str]:
        """What the row says beside numbers and dates, as delivered."""
        return {name: storable(text) for name, text in self.texts.items() if text and name not in self.measures}

    def _note(self, names: tuple[str, ...], code: str, text: str, remedy: str = "") -> None:
        name = next(name for name in names if (self.texts.get(name) or "").strip())
        shown = storable(text)[:SHOWN_LETTERS]
        self.flaws[name] = {"code": code, "text": shown} | ({"remedy": remedy} if remedy else {})


def month_end(day: date) -> date:
    """The last day of the month of a day."""
    first_of_next = (datetime(day.year, day.month, 1) + timedelta(days=32)).date().replace(day=1)
    return first_of_next - timedelta(days=1)
