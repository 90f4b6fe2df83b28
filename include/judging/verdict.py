"""What judging found out about one load."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple


class Count(NamedTuple):
    """How many rows break a rule of one code, each row once, and what that means for them."""

    severity: str
    unexpected: int


class Refusal(NamedTuple):
    """Why rows were refused: the codes, one message per broken rule, and the gravest severity."""

    codes: tuple[str, ...]
    messages: tuple[str, ...]
    severity: str


class FailingRow(NamedTuple):
    """One refused row; `row_number` as in the staged load."""

    row_number: int
    codes: tuple[str, ...]
    messages: tuple[str, ...]
    severity: str


class FailingRows:
    """All refused rows of a load, ordered by row number.

    Rows share few distinct refusals, so a row costs 16 bytes and a load may fail as a whole.
    """

    def __init__(self) -> None:
        self._row_numbers = array("q")
        self._refusals: list[Refusal] = []

    def append(self, row_number: int, refusal: Refusal) -> None:
        """Add a row; rows come in order."""
        self._row_numbers.append(row_number)
        self._refusals.append(refusal)

    def __len__(self) -> int:
        return len(self._row_numbers)

    def __iter__(self) -> Iterator[FailingRow]:
        for row_number, refusal in zip(self._row_numbers, self._refusals, strict=True):
            yield FailingRow(row_number, *refusal)

    def count(self, severity: str) -> int:
        """How many rows have this as their gravest severity."""
        return sum(refusal.severity == severity for refusal in self._refusals)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one load.

    rows:      rows judged
    counts:    every code of the suites -> severity and number of rows, also where that is zero
    messages:  every broken code -> what its broken rules say
    failing:   every row that must not pass (`reject` or `hold`), with all its refusing codes
    warnings:  code of severity `warn` -> the first row numbers concerned; these rows pass
    result:    the validation result of Great Expectations as JSON, for Data Docs
    """

    rows: int
    counts: dict[str, Count]
    messages: dict[str, list[str]]
    failing: FailingRows
    warnings: dict[str, list[int]]
    result: dict[str, Any]

    @property
    def rows_rejected(self) -> int:
        """Rows with at least one code of severity `reject`."""
        return self.failing.count("reject")

    @property
    def rows_held(self) -> int:
        """Rows that only wait for their device to be mapped."""
        return self.failing.count("hold")
