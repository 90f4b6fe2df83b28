"""Finds the rows behind the counts, with the very conditions that Great Expectations counted with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.judging.suites import Rule
from include.judging.verdict import FailingRows, Refusal

if TYPE_CHECKING:
    import sqlalchemy as sa

FETCH_ROWS = 10_000
SAMPLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that rows break, its position among all rules, and the condition those rows meet."""

    position: int
    rule: Rule
    condition: "sa.ColumnElement[bool]"


@dataclass(slots=True)
class Breaches:
    """The rows of one load that break rules.

    failing:     every refused row
    rows:        rows per broken code, each once however many rules of that code it breaks
    row_numbers: the first rows of every broken code
    unexpected:  rows per broken rule, by its position
    values:      the first values that a rule found unexpected, by its position
    """

    failing: FailingRows = field(default_factory=FailingRows)
    rows: Counter[str] = field(default_factory=Counter)
    row_numbers: dict[str, list[int]] = field(default_factory=dict)
    unexpected: Counter[int] = field(default_factory=Counter)
    values: dict[int, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Found:
    """The breaches of each load that has some."""

    loads: dict[int, Breaches] = field(default_factory=dict)

    def of(self, load_id: int) -> Breaches:
        """The breaches of one load, which may have none."""
        # asked for every row: nothing is made that is there already
        if load_id not in self.loads:
            self.loads[load_id] = Breaches()
        return self.loads[load_id]


@dataclass(frozen=True, slots=True)
class _Combination:
    """Rules that are broken together: their codes, and the refusal that follows from them, if any."""

    codes: tuple[str, ...]
    refusal: Refusal | None


def find_breaches(connection: "sa.Connection", batch: "sa.Select[Any]", broken: Sequence[Broken]) -> Found:
    """Read every row that breaks one of these rules, with all of them that it breaks, in one query."""
    found = Found()
    if not broken:
        return found
    rules = {breach.position: breach.rule for breach in broken}
    combinations: dict[tuple[int, ...], _Combination] = {}
    rows_of: Counter[tuple[int, tuple[int, ...]]] = Counter()
    for load_id, row_number, positions, values in connection.execute(_marked_rows(batch, broken)):
        key = tuple(positions)
        if key not in combinations:
            combinations[key] = _combine([rules[position] for position in key])
        combination, breaches = combinations[key], found.of(load_id)
        if combination.refusal:
            breaches.failing.append(row_number, combination.refusal)
        rows_of[load_id, key] += 1
        if values is not None:
            _note_first(breaches.row_numbers, row_number, combination.codes)
            _note_values(breaches.values, dict(zip(rules, values, strict=True)))
    for (load_id, key), rows in rows_of.items():
        breaches = found.of(load_id)
        breaches.rows.update(dict.fromkeys(combinations[key].codes, rows))
        breaches.unexpected.update(dict.fromkeys(key, rows))
    return found


def _marked_rows(batch: "sa.Select[Any]", broken: Sequence[Broken]) -> "sa.Select[Any]":
    """Load, row and positions of the broken rules; for the first rows of each combination the values too."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql

    load_id, row_number = sa.column("load_id"), sa.column("row_number")
    positions = [sa.case((breach.condition, breach.position)) for breach in broken]
    values = [
        sa.case((breach.condition, sa.cast(sa.column(breach.rule.kwargs["column"]), sa.Text))) for breach in broken
    ]
    marked = (
        sa.select(
            load_id,
            row_number,
            sa.func.array_remove(postgresql.array(positions), sa.null()).label("positions"),
            postgresql.array(values).label("cells"),
        )
        .select_from(batch.subquery())
        .where(sa.or_(*(breach.condition for breach in broken)))
        .subquery()
        .c
    )
    nth = sa.func.row_number().over(partition_by=(marked.load_id, marked.positions), order_by=marked.row_number)
    return (
        sa.select(marked.load_id, marked.row_number, marked.positions, sa.case((nth <= SAMPLE_ROWS, marked.cells)))
        .order_by(marked.load_id, marked.row_number)
        .execution_options(yield_per=FETCH_ROWS)
    )


def _combine(rules: Sequence[Rule]) -> _Combination:
    refusing = [rule for rule in rules if rule.is_refusing]
    refusal = Refusal(
        codes=tuple(dict.fromkeys(rule.code for rule in refusing)),
        messages=tuple(dict.fromkeys(rule.message for rule in refusing)),
        severity="reject" if any(rule.severity == "reject" for rule in refusing) else "hold",
    )
    return _Combination(tuple({rule.code for rule in rules}), refusal if refusing else None)


def _note_first(row_numbers: dict[str, list[int]], row_number: int, codes: Sequence[str]) -> None:
    for code in codes:
        if len(numbers := row_numbers.setdefault(code, [])) < SAMPLE_ROWS:
            numbers.append(row_number)


def _note_values(samples: dict[int, list[str]], values: dict[int, str | None]) -> None:
    for position, value in values.items():
        if value is not None and len(sample := samples.setdefault(position, [])) < SAMPLE_ROWS:
            sample.append(value)
