"""Number texts as plants write them: decimal point or comma, grouped thousands, blanks for "no value".

A text that could mean two numbers is refused unless the decimal mark is declared: a factor of one
thousand in an energy figure is worse than a missing one.
"""

import math
import re
from dataclasses import dataclass

NULL_TEXTS = ("", "null", "none", "n/a", "na", "-", "--")
EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
SPACES = " \u00a0\u2007\u2009\u202f'’"  # plain, no-break, figure, thin and narrow space; apostrophes

PLAIN = {
    mark: re.compile(rf"[+-]?(?:[0-9]+(?:{re.escape(mark)}[0-9]*)?|{re.escape(mark)}[0-9]+){EXPONENT}") for mark in ".,"
}
GROUPED = {
    mark: re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:([{group}])[0-9]{{3}})(?:\1[0-9]{{3}})*(?:{re.escape(mark)}[0-9]*)?")
    for mark, group in ((".", "," + SPACES), (",", "." + SPACES))
}
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
DECLARE = "declare decimal_mark '.' or ',' for this source"


class NumberRefused(ValueError):
    """A text that is no finite number; `code` is R201_NOT_NUMERIC or R202_NOT_FINITE."""

    def __init__(self, code: str, remedy: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class DecimalMark:
    """How a file writes decimals: the mark, and whether somebody declared it or the file's cells suggest it."""

    mark: str = "."
    is_declared: bool = False

    @property
    def other(self) -> str:
        """The mark that is not the decimal one."""
        return "," if self.mark == "." else "."


def parse(text: str, style: DecimalMark) -> float | None:
    """Read one number; null for blank and for the usual words that mean "no value"."""
    text = text.strip().replace("\u2212", "-")
    if text.lower() in NULL_TEXTS:
        return None
    if NOT_FINITE.fullmatch(text):
        raise NumberRefused("R202_NOT_FINITE")
    value = _declared(text, style.mark) if style.is_declared else _guarded(text, style)
    if value is None:
        raise NumberRefused("R201_NOT_NUMERIC")
    if not math.isfinite(value):
        raise NumberRefused("R202_NOT_FINITE")
    return value


def _declared(text: str, mark: str) -> float | None:
    if PLAIN[mark].fullmatch(text) or GROUPED[mark].fullmatch(text):
        return _value(text, mark)
    return None


def _guarded(text: str, style: DecimalMark) -> float | None:
    """Read with the file's usual mark when plain, with any mark when only one reading exists."""
    if PLAIN[style.mark].fullmatch(text):
        return _value(text, style.mark)
    readings = {value for mark in (style.mark, style.other) if (value := _declared(text, mark)) is not None}
    if len(readings) > 1:
        raise NumberRefused("R201_NOT_NUMERIC", DECLARE)
    return readings.pop() if readings else None


def _value(text: str, mark: str) -> float:
    kept = "".join(letter for letter in text if letter in "+-0123456789eE" or letter == mark)
    return float(kept.replace(mark, "."))
