"""Judges the rows of loads inside PostgreSQL, with Great Expectations as the only judge.

A rule exists once, in a suite. Great Expectations turns it into a condition and counts with it; the same
condition then finds the rows. However many rules there are, these queries run, all in one snapshot:

columns:   what the profiled readings look like, from the catalog
counts:    the number of rows, then one aggregate scan for all rules
breaches:  every row that breaks a rule, with all rules it breaks; only if there is one
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from include.core.errors import AccountingError
from include.judging.breaches import Breaches, Broken, find_breaches
from include.judging.lent import lend
from include.judging.scan import Scan, import_great_expectations, plan_of, scan
from include.judging.suites import Rule
from include.judging.verdict import Count, Verdict

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy as sa

SCHEMA, VIEW = "intermediate", "int_readings__profiled"


def judge_rows(
    database: "str | psycopg.Connection", load_id: int, staged_on: date, suite_names: Sequence[str], view: str = VIEW
) -> Verdict:
    """Judge the staged rows of a load, see `judge_loads`."""
    return judge_loads(database, {load_id: None}, staged_on, suite_names, view)[load_id]


def judge_loads(
    database: "str | psycopg.Connection",
    staged_rows: Mapping[int, int | None],
    staged_on: date,
    suite_names: Sequence[str],
    view: str = VIEW,
) -> dict[int, Verdict]:
    """Judge several loads of one day in the queries of one, a verdict each; much cheaper for small ones.

    database:    URL that logs in as a role that may read the profiled readings, or an open connection of such a role,
                 to judge what only its running transaction sees
    staged_rows: load -> rows that staging counted; None, for a single load, believes what is there
    view:        what shows the rows of this feed to the rules
    """
    import sqlalchemy as sa

    plan = plan_of(tuple(suite_names))
    table = sa.table(view, schema=SCHEMA)
    # Literals let PostgreSQL open one partition and plan with what it knows about this load; the offset keeps it
    # from computing a column of the view anew for every rule that looks at it.
    batch = (
        sa.select(sa.text("*"))
        .select_from(table)
        .where(
            sa.or_(*(sa.column("load_id") == _literal(load_id, sa.BigInteger) for load_id in staged_rows)),
            sa.column("staged_on") == _literal(staged_on, sa.Date),
        )
        .offset(sa.literal(0, literal_execute=True))
    )
    with _opened(database) as connection:
        counted = scan(connection, batch, table, plan)
        broken = [
            Broken(position, rule, counted.conditions[position])
            for position, rule in enumerate(plan.rules)
            if counted.unexpected[position]
        ]
        found = find_breaches(connection, batch, broken)
    rows = {load_id: counted.rows if count is None else count for load_id, count in staged_rows.items()}
    if sum(rows.values()) != counted.rows:
        raise AccountingError(f"{sum(rows.values())} rows were staged, {counted.rows} are there to be judged")
    result = _result(list(staged_rows), suite_names, view, counted, found.values)
    return {load_id: _verdict(rows[load_id], plan.rules, broken, found.of(load_id), result) for load_id in rows}


def _literal(value: Any, kind: Any) -> "sa.BindParameter[Any]":
    import sqlalchemy as sa

    return sa.literal(value, kind, literal_execute=True)


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
def _opened(database: "str | psycopg.Connection") -> Iterator["sa.Connection"]:
    """One read-only snapshot, or the transaction of an open connection, which it neither ends nor leaves.

    What fails in the database fails as psycopg's error, as everywhere else.
    """
    import psycopg

    try:
        if isinstance(database, str):
            with _database(database).connect() as connection:
                yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        else:
            with lend(database).connect() as connection:
                yield connection
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


@cache
def _database(url: str) -> "sa.Engine":
    import sqlalchemy as sa

    # No pool: a worker that forks must not share connections with its parent.
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=sa.NullPool,
        connect_args={"application_name": "sunledger judging", "prepare_threshold": None, "connect_timeout": 10},
    )


def _result(
    load_ids: Sequence[int], suite_names: Sequence[str], view: str, counted: Scan, values: Mapping[int, Sequence[str]]
) -> dict[str, Any]:
    results = counted.results(values)
    passed = sum(result["success"] for result in results)
    refused = any(not result["success"] for result in results if result["expectation_config"]["severity"] == "critical")
    judged_at = datetime.now(UTC).isoformat(timespec="seconds")
    name = f"load {load_ids[0]}" if len(load_ids) == 1 else f"loads {load_ids[0]} to {load_ids[-1]}, judged together"
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
            "run_id": {"run_name": name, "run_time": judged_at},
            "batch_spec": {"schema_name": SCHEMA, "table_name": view, "load_ids": list(load_ids)},
        },
        "suite_parameters": {},
        "id": None,
    }
