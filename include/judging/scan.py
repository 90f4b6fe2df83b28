"""One pass of Great Expectations over one batch: the counts of all rules in one SELECT, and their conditions.

The steps are those of its own validator: ask every expectation for the metrics it depends on, resolve all of
them in one graph, let every expectation judge its metrics. Two things differ. The lists of unexpected values,
which would be a query per rule, are left out of the graph and supplied from our own query for samples. And
beside its counts we take the conditions that it compared the rows with.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.core.errors import ConfigurationError
from include.judging.suites import Rule

if TYPE_CHECKING:
    import sqlalchemy as sa
    from great_expectations.expectations.expectation import ColumnMapExpectation

# read when the package is imported, which happens inside the functions below because it takes seconds
os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")

BATCH = "load"
COUNTS = {"result_format": {"result_format": "BOOLEAN_ONLY"}, "catch_exceptions": False}
VALUES = {"result_format": {"result_format": "BASIC"}, "catch_exceptions": False}


@dataclass(frozen=True, slots=True)
class Scan:
    """What Great Expectations counted; `unexpected` and `conditions` go with the rules, in their order.

    A condition is true for exactly the rows that were counted as unexpected.
    """

    rows: int
    unexpected: list[int]
    conditions: list["sa.ColumnElement[bool]"]
    expectations: list["ColumnMapExpectation"]
    metrics: dict[Any, Any]

    def results(self, samples: Mapping[int, Sequence[str]]) -> list[dict[str, Any]]:
        """The validation result of every expectation; `samples` are unexpected values by the rule's position."""
        return [
            _result(expectation, self.metrics, samples.get(position, []))
            for position, expectation in enumerate(self.expectations)
        ]


def scan(connection: "sa.Connection", batch: "sa.Select[Any]", table: "sa.TableClause", rules: Sequence[Rule]) -> Scan:
    """Let Great Expectations count the rows of `batch`, a selection from `table`, that break the rules."""
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    engine = SqlAlchemyExecutionEngine(engine=connection)
    # it would open a connection per query; ours keeps all queries in one snapshot
    engine.get_connection = lambda: nullcontext(connection)
    engine.load_batch_data(
        BATCH,
        SqlAlchemyBatchData(
            execution_engine=engine,
            selectable=batch,
            create_temp_table=False,
            source_schema_name=table.schema,
            source_table_name=table.name,
        ),
    )
    expectations = [_expectation(rule) for rule in rules]
    dependencies = [
        expectation.get_validation_dependencies(execution_engine=engine, runtime_configuration=COUNTS)
        for expectation in expectations
    ]
    counts = [
        wanted.metric_configurations[f"{expectation.map_metric}.unexpected_count"]
        for expectation, wanted in zip(expectations, dependencies, strict=True)
    ]
    conditions = [
        MetricConfiguration(
            metric_name=count.metric_name.replace(".unexpected_count", ".condition"),
            metric_domain_kwargs=count.metric_domain_kwargs,
            metric_value_kwargs=count.metric_value_kwargs,
        )
        for count in counts
    ]
    wanted = [metric for needed in dependencies for metric in needed.get_metric_configurations()]
    metrics, _ = MetricsCalculator(engine).compute_metrics(wanted + conditions, runtime_configuration=COUNTS)
    return Scan(
        rows=metrics[dependencies[0].metric_configurations["table.row_count"].id],
        unexpected=[metrics[count.id] or 0 for count in counts],
        conditions=[metrics[condition.id][0] for condition in conditions],
        expectations=expectations,
        metrics=metrics,
    )


def _expectation(rule: Rule) -> "ColumnMapExpectation":
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    expectation = ExpectationConfiguration(
        type=rule.type, kwargs={**rule.kwargs, "batch_id": BATCH}, meta=rule.meta
    ).to_domain_obj()
    if not isinstance(expectation, ColumnMapExpectation) or expectation.row_condition:
        raise ConfigurationError(
            f"{rule.code}: {rule.type} with {rule.kwargs} does not fit into the one scan",
            remedy="use an expectation over one column without row_condition; let the view derive the column",
        )
    return expectation


def _result(expectation: "ColumnMapExpectation", metrics: dict[Any, Any], values: Sequence[str]) -> dict[str, Any]:
    wanted = expectation.get_validation_dependencies(runtime_configuration=VALUES).get_metric_configurations()
    supplied = {metric.id: list(values) for metric in wanted if metric.metric_name.endswith(".unexpected_values")}
    # it notes its own settings in the dictionary it is given
    result = expectation.metrics_validate(metrics | supplied, runtime_configuration=dict(VALUES))
    result.expectation_config.kwargs.pop("batch_id", None)
    return result.to_json_dict()
