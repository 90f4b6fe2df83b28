"""Judges the rows of one load inside PostgreSQL, with Great Expectations as the only judge.

A rule exists once, in a suite. Great Expectations turns it into a condition and counts with it; the same
condition then finds the rows. However many rules there are, these queries run, all in one snapshot:

columns:   what the profiled readings look like, from the catalog
counts:    one aggregate scan for all rules
breaches:  rows per broken code and the first of them; only if a rule is broken
failing:   every refused row with the rules it breaks; only if there is one
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from include.judging import suites
from include.judging.breaches import Breaches, find_breaches, find_failing
from include.judging.scan import Scan, scan
from include.judging.verdict import Count, FailingRows, Verdict

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEMA, VIEW = "intermediate", "int_readings__profiled"


def judge_rows(url: str, load_id: int, staged_on: date, suite_names: Sequence[str]) -> Verdict:
    """Judge the staged rows of a load; `url` logs in as a role that may read the profiled readings."""
    import sqlalchemy as sa

    table = sa.table(VIEW, schema=SCHEMA)
    # literals, so that PostgreSQL reads one partition and plans with the load's own statistics
    batch = (
        sa.select(sa.text("*"))
        .select_from(table)
        .where(
            sa.column("load_id") == sa.literal(load_id, sa.BigInteger, literal_execute=True),
            sa.column("staged_on") == sa.literal(staged_on, sa.Date, literal_execute=True),
        )
    )
    rules = suites.rules_of(suite_names)
    with _snapshot(url) as connection:
        found = scan(connection, batch, table, rules)
        breaches = find_breaches(connection, batch, found, rules)
        failing = find_failing(connection, batch, found, rules)
    return Verdict(
        rows=found.rows,
        counts={rule.code: Count(rule.severity, breaches.rows.get(rule.code, 0)) for rule in rules},
        failing=failing,
        warnings={
            rule.code: breaches.row_numbers[rule.code]
            for rule in rules
            if rule.code in breaches.row_numbers and not rule.is_refusing
        },
        result={},
    )
