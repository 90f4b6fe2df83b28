"""One pass of Great Expectations over one batch: the counts of all rules in one SELECT, and their conditions.

The steps are those of its own validator: ask every expectation for the metrics it depends on, resolve all of
them in one graph, let every expectation judge its metrics. Two things differ. Lists of unexpected values, a
query per rule, are left out of the graph and supplied from our own query. And beside its counts we take the
conditions that it compared the rows with.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from include.core.errors import ConfigurationError
from include.judging.suites import Rule, rules_of

if TYPE_CHECKING:
    import sqlalchemy as sa
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.validator.metric_configuration import MetricConfiguration

# Read when the package is imported: inside the functions below, because that takes seconds.
os.environ["GX_ANALYTICS_ENABLED"] = "False"

BATCH = "load"
EMPTY_CELLS = "column_values.nonnull.unexpected_count"
_import_lock = threading.Lock()
COUNTS = {"result_format": {"result_format": "BOOLEAN_ONLY"}, "catch_exceptions": False}
VALUES = {"result_format": {"result_format": "BASIC"}, "catch_exceptions": False}


@dataclass(frozen=True, slots=True)
class Plan:
    """What Great Expectations asks the data for, worked out once per suite; lists go with the rules, in their order.

    empty:     the metrics that count the empty cells of a column, with that column
    lists:     the metrics of each expectation that hold its unexpected values, supplied from our own query
    judged_by: the ids of the other metrics that each expectation judges by, all of them counts
    """

    suite_names: tuple[str, ...]
    rules: tuple[Rule, ...]
    expectations: list["ColumnMapExpectation"]
    rows: "MetricConfiguration"
    counts: list["MetricConfiguration"]
    conditions: list["MetricConfiguration"]
    wanted: list["MetricConfiguration"]
    empty: dict[Any, str]
    lists: list[list["MetricConfiguration"]]
    judged_by: list[list[Any]]

    def columns(self) -> list[str]:
        """The columns that the rules look at, with those that tell rows apart, each once."""
        return list(dict.fromkeys(["load_id", "row_number", *(rule.kwargs["column"] for rule in self.rules)]))


@dataclass(frozen=True, slots=True)
class Scan:
    """What Great Expectations counted; `unexpected` and `conditions` go with the plan's rules, in their order.

    A condition is true for exactly the rows that were counted as unexpected.
    """

    plan: Plan
    rows: int
    unexpected: list[int]
    conditions: list["sa.ColumnElement[bool]"]
    metrics: dict[Any, Any]

    def results(self, values: Mapping[int, Sequence[str]]) -> list[dict[str, Any]]:
        """What every expectation says; `values` are samples of the unexpected ones, by the rule's position."""
        return [
            _result(self.plan.suite_names, position, self._counted(position), tuple(values.get(position, ())))
            for position in range(len(self.plan.rules))
        ]

    def _counted(self, position: int) -> tuple[tuple[Any, Any], ...]:
        return tuple((metric_id, self.metrics[metric_id]) for metric_id in self.plan.judged_by[position])


@lru_cache(maxsize=4096)
def _result(
    suite_names: tuple[str, ...], position: int, counted: tuple[tuple[Any, Any], ...], values: tuple[str, ...]
) -> dict[str, Any]:
    """What one expectation says to these counts; kept, because small loads have the same counts again and again."""
    plan = plan_of(suite_names)
    supplied = dict(counted) | {metric.id: list(values) for metric in plan.lists[position]}
    # it writes its own settings into the dictionary it is given
    result = plan.expectations[position].metrics_validate(supplied, runtime_configuration=dict(VALUES))
    result.expectation_config.kwargs.pop("batch_id", None)
    return result.to_json_dict()


def import_great_expectations() -> None:
    """Import it now, which takes seconds; a thread that met a half-done import would find no expectations."""
    with _import_lock:
        import great_expectations.expectations.core  # noqa: F401  (registers the expectations)


@cache
def plan_of(suite_names: tuple[str, ...]) -> Plan:
    """Ask the expectations of some suites which metrics they need; costs ten times as much as counting few rows."""
    import_great_expectations()
    rules = tuple(rules_of(suite_names))
    expectations = [_expectation(rule) for rule in rules]
    needed = [_needed(expectation, COUNTS) for expectation in expectations]
    counts = [
        metrics[f"{expectation.map_metric}.unexpected_count"]
        for expectation, metrics in zip(expectations, needed, strict=True)
    ]
    conditions = [_condition_of(count) for count in counts]
    return Plan(
        suite_names=suite_names,
        rules=rules,
        expectations=expectations,
        rows=needed[0]["table.row_count"],
        counts=counts,
        conditions=conditions,
        wanted=[metric for metrics in needed for metric in metrics.values()] + conditions,
        empty={
            metric.id: metric.metric_domain_kwargs["column"]
            for metrics in needed
            for name, metric in metrics.items()
            if name == EMPTY_CELLS
        },
        lists=[
            [metric for name, metric in _needed(expectation, VALUES).items() if name.endswith(".unexpected_values")]
            for expectation in expectations
        ],
        judged_by=[[metric.id for metric in metrics.values()] for metrics in needed],
    )


def scan(connection: "sa.Connection", batch: "sa.Select[Any]", table: "sa.TableClause", plan: Plan) -> Scan:
    """Let Great Expectations count the rows of `batch`, a selection from `table`, that break the plan's rules."""
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    engine = _engine(connection, batch, table)
    resolved, _ = MetricsCalculator(engine).compute_metrics(plan.wanted, runtime_configuration=COUNTS)
    return Scan(
        plan=plan,
        rows=resolved[plan.rows.id],
        # a sum over no rows is null
        unexpected=[resolved[count.id] or 0 for count in plan.counts],
        conditions=[resolved[condition.id][0] for condition in plan.conditions],
        metrics=resolved,
    )


def scan_each(
    connection: "sa.Connection", batch: "sa.Select[Any]", whole: Scan, unexpected: Mapping[int, Mapping[int, int]]
) -> dict[int, Scan]:
    """What was counted of several loads, load by load, so that what is said of one tells nothing of another.

    unexpected: load -> rows that each rule found unexpected, by the rule's position; all loads of the batch
    """
    import sqlalchemy as sa

    plan, load_id = whole.plan, sa.column("load_id")
    empty = [sa.func.count() - sa.func.count(sa.column(column)) for column in plan.empty.values()]
    query = sa.select(load_id, sa.func.count(), *empty).select_from(batch.subquery()).group_by(load_id)
    counted = {row[0]: row[1:] for row in connection.execute(query)}
    scans = {}
    for load, broken in unexpected.items():
        rows, *cells = counted.get(load, [0] * (1 + len(empty)))
        counts = [broken.get(position, 0) for position in range(len(plan.rules))]
        metrics = {plan.rows.id: rows, **dict(zip(plan.empty, cells, strict=True))}
        metrics |= {count.id: rows_of for count, rows_of in zip(plan.counts, counts, strict=True)}
        scans[load] = Scan(plan, rows, counts, whole.conditions, metrics)
    return scans


def _engine(
    connection: "sa.Connection", batch: "sa.Select[Any]", table: "sa.TableClause"
) -> "SqlAlchemyExecutionEngine":
    import sqlalchemy as sa
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

    engine = SqlAlchemyExecutionEngine(engine=connection)
    # It would open a connection per query; ours keeps all queries in one snapshot.
    engine.get_connection = lambda: nullcontext(connection)
    data = SqlAlchemyBatchData(
        execution_engine=engine,
        selectable=batch,
        create_temp_table=False,
        source_schema_name=table.schema,
        source_table_name=sa.quoted_name(table.name, quote=True),
    )
    engine.load_batch_data(BATCH, data)
    return engine


def _expectation(rule: Rule) -> "ColumnMapExpectation":
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    kwargs = {**rule.kwargs, "batch_id": BATCH}
    expectation = ExpectationConfiguration(rule.type, kwargs, rule.meta, severity=rule.failure_severity).to_domain_obj()
    if not isinstance(expectation, ColumnMapExpectation) or expectation.row_condition:
        raise ConfigurationError(
            f"{rule.code}: {rule.type} does not fit into the one scan",
            remedy="use an expectation on the values of one column, without row_condition",
        )
    return expectation


def _needed(expectation: "ColumnMapExpectation", settings: dict[str, Any]) -> dict[str, "MetricConfiguration"]:
    return expectation.get_validation_dependencies(runtime_configuration=settings).metric_configurations


def _condition_of(count: "MetricConfiguration") -> "MetricConfiguration":
    from great_expectations.validator.metric_configuration import MetricConfiguration

    name = count.metric_name.removesuffix(".unexpected_count") + ".condition"
    return MetricConfiguration(name, count.metric_domain_kwargs, count.metric_value_kwargs)
