"""Finds the rows behind the counts, with the very conditions that Great Expectations counted with."""

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


@dataclass(frozen=True, slots=True)
class Breaches:
    """Rows per broken code, each row counted once however many rules of that code it breaks.

    row_numbers: the first rows of every broken code
    values:      of these rows the values that a rule found unexpected, by the rule's position
    """

    rows: dict[str, int] = field(default_factory=dict)
    row_numbers: dict[str, list[int]] = field(default_factory=dict)
    values: dict[int, list[str]] = field(default_factory=dict)


def find_breaches(connection: "sa.Connection", batch: "sa.Select[Any]", broken: Sequence[Broken]) -> Breaches:
    """Count the rows of every broken code and read the first of them, in one query."""
    import sqlalchemy as sa

    breaches = Breaches()
    if not broken:
        return breaches
    codes: dict[str, list[Broken]] = {}
    for breach in broken:
        codes.setdefault(breach.rule.code, []).append(breach)
    marks = sa.values(
        sa.column("code", sa.Text), sa.column("position", sa.Integer), sa.column("value", sa.Text), name="mark"
    ).data([
        (
            code,
            sa.case(*((breach.condition, breach.position) for breach in found)),
            sa.case(*((breach.condition, _text(breach.rule)) for breach in found)),
        )
        for code, found in codes.items()
    ])
    mark = marks.lateral().c
    row_number = sa.column("row_number")
    numbered = (
        sa.select(
            mark.code,
            mark.position,
            mark.value,
            row_number.label("row_number"),
            sa.func.count().over(partition_by=mark.code).label("rows"),
            sa.func.row_number().over(partition_by=mark.code, order_by=row_number).label("nth"),
        )
        .select_from(batch.subquery().join(mark.code.table, sa.true()))
        .where(mark.position.is_not(None))
        .subquery()
    )
    first = sa.select(numbered).where(numbered.c.nth <= SAMPLE_ROWS).order_by(numbered.c.code, numbered.c.nth)
    for row in connection.execute(first):
        breaches.rows[row.code] = row.rows
        breaches.row_numbers.setdefault(row.code, []).append(row.row_number)
        if row.value is not None:
            breaches.values.setdefault(row.position, []).append(row.value)
    return breaches


def find_failing(connection: "sa.Connection", batch: "sa.Select[Any]", broken: Sequence[Broken]) -> FailingRows:
    """Read every row that breaks a refusing rule, with all of those it breaks, in one query."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql

    failing = FailingRows()
    refusing = {breach.position: breach for breach in broken if breach.rule.is_refusing}
    if not refusing:
        return failing
    row_number = sa.column("row_number")
    marks = postgresql.array([sa.case((breach.condition, position)) for position, breach in refusing.items()])
    rows = connection.execute(
        sa.select(row_number, sa.func.array_remove(marks, sa.null()).label("positions"))
        .select_from(batch.subquery())
        .where(sa.or_(*(breach.condition for breach in refusing.values())))
        .order_by(row_number)
        .execution_options(yield_per=FETCH_ROWS)
    )
    refusals: dict[tuple[int, ...], Refusal] = {}
    for row in rows:
        positions = tuple(row.positions)
        if positions not in refusals:
            refusals[positions] = _refusal([refusing[position].rule for position in positions])
        failing.append(row.row_number, refusals[positions])
    return failing


def _refusal(rules: Sequence[Rule]) -> Refusal:
    return Refusal(
        codes=tuple(dict.fromkeys(rule.code for rule in rules)),
        messages=tuple(dict.fromkeys(rule.message for rule in rules)),
        severity="reject" if any(rule.severity == "reject" for rule in rules) else "hold",
    )


def _text(rule: Rule) -> "sa.ColumnElement[str]":
    import sqlalchemy as sa

    return sa.cast(sa.column(rule.kwargs["column"]), sa.Text)
