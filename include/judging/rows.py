"""Judges the rows of loads inside PostgreSQL, with Great Expectations as the only judge.

A rule exists once, in a suite. Great Expectations turns it into a condition and counts with it; the same
condition then finds the rows. However many rules there are, these queries run:

columns:   what the rows look like, from the catalog
counts:    the number of rows, then one aggregate scan for all rules
breaches:  every row that breaks a rule, with all rules it breaks; only if there is one
loads:     rows and empty cells of each load; only if there are several
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from include.core.errors import AccountingError
from include.judging.breaches import Breaches, Broken, find_breaches
from include.judging.lent import lend
from include.judging.scan import Scan, import_great_expectations, plan_of, scan, scan_each
from include.judging.suites import Rule
from include.judging.verdict import Count, Verdict

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEMA, VIEW = "intermediate", "int_readings__profiled"


def columns_of(suite_names: Sequence[str]) -> list[str]:
    """The columns that the rules of some suites look at, with those that tell rows apart."""
    return plan_of(tuple(suite_names)).columns()


def judge_loads(
    connection: psycopg.Connection,
    table: tuple[str, str],
    staged_rows: Mapping[int, int | None],
    suite_names: Sequence[str],
    view: str = VIEW,
) -> dict[int, Verdict]:
    """Judge several loads in the queries of one, a verdict each; much cheaper for small ones.

    connection:  of a role that may read the table; judged is what its running transaction sees
    table:       schema and name of the table with what the rules look at, `columns_of` them, worked out once
    staged_rows: load -> rows that staging counted; None, for a single load, believes what is there
    view:        what shows the rows of this feed to the rules, and names the batch
    """
    import sqlalchemy as sa

    plan = plan_of(tuple(suite_names))
    schema, name = table
    batch = (
        sa.select(sa.text("*"))
        .select_from(sa.table(name, schema=schema))
        .where(sa.column("load_id").in_([sa.literal(load_id, literal_execute=True) for load_id in staged_rows]))
    )
    with _lent(connection) as lent:
        counted = scan(lent, batch, sa.table(view, schema=SCHEMA), plan)
        broken = [
            Broken(position, rule, counted.conditions[position])
            for position, rule in enumerate(plan.rules)
            if counted.unexpected[position]
        ]
        found = find_breaches(lent, batch, broken)
        scans = dict.fromkeys(staged_rows, counted)
        if len(scans) > 1:
            scans = scan_each(lent, batch, counted, {load_id: found.of(load_id).unexpected for load_id in staged_rows})
    verdicts = {}
    for load_id, staged in staged_rows.items():
        counts, breaches = scans[load_id], found.of(load_id)
        if staged is not None and staged != counts.rows:
            raise AccountingError(f"{staged} rows of load {load_id} were staged, {counts.rows} are there to be judged")
        result = _result(load_id, suite_names, view, counts, breaches)
        verdicts[load_id] = _verdict(counts.rows, plan.rules, broken, breaches, result)
    return verdicts


def _verdict(
    rows: int, rules: Sequence[Rule], broken: Sequence[Broken], breaches: Breaches, result: dict[str, Any]
) -> Verdict:
    messages: dict[str, list[str]] = {}
    for breach in broken:
        messages.setdefault(breach.rule.code, []).append(breach.rule.message)
    warnings = {breach.rule.code for breach in broken if not breach.rule.is_refusing}
    return Verdict(
        rows=rows,
        counts={rule.code: Count(rule.severity, breaches.rows[rule.code]) for rule in rules},
        messages=messages,
        failing=breaches.failing,
        warnings={code: numbers for code, numbers in breaches.row_numbers.items() if code in warnings},
        result=result,
    )


def warm_up() -> None:
    """Import Great Expectations now, so that the first judgement is quick."""
    import_great_expectations()


@contextmanager
def _lent(connection: psycopg.Connection) -> Iterator["sa.Connection"]:
    """The running transaction for SQLAlchemy; what fails in the database fails as psycopg's error, as everywhere."""
    try:
        with lend(connection) as lent:
            yield lent
    except Exception as error:
        # Great Expectations tries again in the aborted transaction: the first failure is the deepest.
        failures = [failure for failure in _chain(error) if isinstance(failure, psycopg.Error)]
        if not failures:
            raise
        raise failures[-1] from None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _result(load_id: int, suite_names: Sequence[str], view: str, counted: Scan, breaches: Breaches) -> dict[str, Any]:
    results = counted.results(breaches.values)
    passed = sum(result["success"] for result in results)
    refused = any(not result["success"] for result in results if result["expectation_config"]["severity"] == "critical")
    judged_at = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        # a load whose rows only earn warnings is a good load
        "success": not refused,
        "suite_name": " + ".join(suite_names),
        "results": results,
        "statistics": {
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100 * passed / len(results),
        },
        "meta": {
            "run_id": {"run_name": f"load {load_id}", "run_time": judged_at},
            "batch_spec": {"schema_name": SCHEMA, "table_name": view, "load_ids": [load_id]},
        },
        "suite_parameters": {},
        "id": None,
    }
