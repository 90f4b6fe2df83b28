"""Judging in PostgreSQL, on a table in the place of the profiled view: which rows fail, why, and at what cost."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from include.core.errors import AccountingError
from include.judging import suites
from include.judging.rows import judge_loads
from include.judging.verdict import Count, Verdict
from tests.unit.judging.profiled import COLUMNS, EDGES, FAULTS, SOUND, TABLE, Readings

# NaN and infinity cannot come out of an angle that the warehouse computes from bounded coordinates
AMOUNTS = [
    name for name, kind in COLUMNS.items() if kind == "numeric" and name in SOUND and name != "sun_elevation_deg"
]


@pytest.fixture(scope="module")
def readings(cluster) -> Iterator[Readings]:
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute("create database judging")
    table = Readings(cluster.url("judging"))
    yield table
    table.close()
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute("drop database judging with (force)")


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that SQLAlchemy sends during the test."""
    import sqlalchemy as sa

    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def codes_by_row(verdict: Verdict) -> dict[int, list[str]]:
    """Row number -> all codes, warnings too."""
    codes = {row.row_number: list(row.codes) for row in verdict.failing}
    for code, numbers in verdict.warnings.items():
        for number in numbers:
            codes.setdefault(number, []).append(code)
    return codes


def test_every_fault_has_its_code_and_no_other(readings):
    verdict = readings.judge(readings.load(*(fault for fault, _ in FAULTS), *EDGES))
    assert codes_by_row(verdict) == {number: [code] for number, (_, code) in enumerate(FAULTS, 1)}
    assert {code for _, code in FAULTS} == set(verdict.counts)
    assert {code: count.unexpected for code, count in verdict.counts.items()} == Counter(code for _, code in FAULTS)
    assert verdict.rows == len(FAULTS) + len(EDGES)


def test_what_is_said_of_a_load_tells_nothing_of_those_it_was_judged_with(readings):
    """They may be another tenant's: neither counts nor cells."""
    faults = [fault for fault, _ in FAULTS]
    load_ids = [readings.load(*faults[::2], *EDGES), readings.load(*faults[1::2]), readings.load(*EDGES)]
    together = readings.judge_together(load_ids)
    for load_id in load_ids:
        alone, joint = readings.judge(load_id), together[load_id]
        for verdict in (alone, joint):
            del verdict.result["meta"]["run_id"]["run_time"]
        assert joint.result == alone.result
        assert (joint.rows, joint.counts, joint.warnings) == (alone.rows, alone.counts, alone.warnings)
        assert list(joint.failing) == list(alone.failing)
    assert together[load_ids[2]].result["success"] and not together[load_ids[0]].result["success"]


def test_rows_that_are_missing_of_one_load_are_not_made_up_by_another(readings):
    load_ids = [readings.load({}, {}), readings.load({})]
    with psycopg.connect(readings.url) as connection, pytest.raises(AccountingError, match="1 rows of load"):
        judge_loads(connection, TABLE, dict(zip(load_ids, (1, 2), strict=True)), ["readings"])


def test_counts_and_rows_are_those_of_an_ordinary_validation(readings):
    import great_expectations as gx
    from great_expectations.core.expectation_suite import ExpectationSuite, expectationSuiteSchema

    assert os.environ["GX_ANALYTICS_ENABLED"] == "False"
    faults = [fault for fault, _ in FAULTS]
    mixed = [{**fault, **faults[position // 2]} for position, fault in enumerate(faults)]
    load_id = readings.load(*faults, *mixed, *EDGES)
    verdict = readings.judge(load_id, ["readings"])

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_postgres("warehouse", connection_string=readings.url)
    query = f"select * from intermediate.int_readings__profiled where load_id = {load_id}"
    batch = source.add_query_asset("load", query=query).add_batch_definition_whole_table("all").get_batch()
    suite = ExpectationSuite(**expectationSuiteSchema.loads(suites.text_of("readings")))
    ordinary = batch.validate(
        suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row_number"]}
    )

    rows: dict[str, set[int]] = {rule.code: set() for rule in suites.rules_of(["readings"])}
    ours = {json.dumps(result["expectation_config"]["kwargs"]): result for result in verdict.result["results"]}
    for theirs in ordinary.results:
        config = theirs.expectation_config
        mine = ours[json.dumps({name: value for name, value in config.kwargs.items() if name != "batch_id"})]
        assert mine["success"] == theirs.success
        for figure in ("element_count", "unexpected_count", "unexpected_percent", "missing_count"):
            assert mine["result"].get(figure) == theirs.result.get(figure), (config.meta["code"], figure)
        rows[config.meta["code"]] |= {row["row_number"] for row in theirs.result.get("unexpected_index_list") or []}

    assert {code: count.unexpected for code, count in verdict.counts.items()} == {
        code: len(numbers) for code, numbers in rows.items()
    }
    refusing = {code: numbers for code, numbers in rows.items() if verdict.counts[code].severity != "warn"}
    assert {(row.row_number, code) for row in verdict.failing for code in row.codes} == {
        (number, code) for code, numbers in refusing.items() for number in numbers
    }
    assert verdict.warnings == {
        code: sorted(numbers)[:20] for code, numbers in rows.items() if numbers and code not in refusing
    }


def test_more_rules_need_no_more_queries(readings, statements, tmp_path, monkeypatch):
    load_id = readings.load(*(fault for fault, _ in FAULTS))
    readings.judge(load_id, ["readings"])  # the first judgement of a process asks what kind of server it is
    statements.clear()
    readings.judge(load_id, ["readings"])
    with_all_rules = [statement for statement in statements if TABLE[1] in statement]
    all_statements = len(statements)

    whole = json.loads(suites.text_of("readings"))
    five = [whole["expectations"][position] for position in (2, 8, 13, 17, -1)]
    (tmp_path / "five.json").write_text(json.dumps({**whole, "name": "five", "expectations": five}))
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    statements.clear()
    verdict = readings.judge(load_id, ["five"])
    with_five = [statement for statement in statements if TABLE[1] in statement]

    assert len(verdict.counts) == 5
    assert len(verdict.failing) > 0 and verdict.warnings
    assert len(with_all_rules) == len(with_five) == 3
    assert all_statements == len(statements)


def test_a_clean_load_is_only_counted(readings, statements):
    verdict = readings.judge(readings.load({}, {}))
    assert verdict.result["success"] and not verdict.warnings and not len(verdict.failing)
    assert len([statement for statement in statements if TABLE[1] in statement]) == 2


def test_an_empty_load_breaks_nothing(readings):
    verdict = readings.judge(readings.load())
    assert verdict.rows == 0
    assert verdict.result["success"]
    assert set(verdict.counts.values()) == {Count("reject", 0), Count("hold", 0), Count("warn", 0)}


def test_exactly_the_bad_rows_of_a_large_load_fail(readings):
    kinds = [FAULTS[position] for position in (0, 6, 8, 14, 18, 23)]
    faults: list[dict[str, Any]] = [{} for _ in range(10_000)]
    expected = {}
    for number in range(37):
        fault, code = kinds[number % 6]
        faults[number * 271] = fault
        expected[number * 271 + 1] = (code,)
    verdict = readings.judge(readings.load(*faults))
    assert {row.row_number: row.codes for row in verdict.failing} == expected
    assert verdict.rows_rejected == 37
    assert len(verdict.failing) == 37


def test_no_failing_row_is_left_out_however_many_there_are(readings):
    verdict = readings.judge(readings.load(*([{"quality": None, "unknown_unit": "kcal"}, {}] * 2_500)))
    assert [row.row_number for row in verdict.failing] == list(range(1, 5_000, 2))
    assert {row.codes for row in verdict.failing} == {("R205_UNIT_UNKNOWN", "R503_QUALITY_VALUE")}
    assert verdict.counts["R503_QUALITY_VALUE"] == Count("reject", 2_500)


def test_warnings_name_the_first_rows_and_refuse_none(readings):
    verdict = readings.judge(readings.load(*([{"duplicate_rank": 2}] * 50)))
    assert verdict.warnings == {"R401_DUP_IN_FILE": list(range(1, 21))}
    assert verdict.counts["R401_DUP_IN_FILE"] == Count("warn", 50)
    assert len(verdict.failing) == 0
    assert verdict.result["success"]


def test_a_row_counts_once_for_a_code_that_several_rules_share(readings):
    verdict = readings.judge(readings.load({"energy_power_gap_percent": 40}, {"energy_power_gap_percent": 5}))
    assert verdict.counts["W601_ENERGY_POWER_MISMATCH"].unexpected == 2
    common = readings.judge(readings.load({"energy_power_gap_percent": 5}), ["readings"])
    assert common.counts["W601_ENERGY_POWER_MISMATCH"].unexpected == 0


def test_a_row_with_two_faults_has_both_codes_and_both_messages(readings):
    both = {"temperature_c": 451, "energy_over_limit_wh": 12}
    (row,) = readings.judge(readings.load(both)).failing
    assert row.codes == ("R301_ENERGY_RANGE", "R304_TEMPERATURE_RANGE")
    assert row.messages == (
        "The energy is more than the plant can generate in one interval.",
        "The temperature is outside -50 to 100 degrees Celsius.",
    )


def test_a_broken_code_says_what_its_broken_rule_says(readings):
    verdict = readings.judge(readings.load({"power_over_limit_w": 7}))
    assert verdict.messages == {"R302_POWER_RANGE": ["The power is more than the plant can deliver."]}


def test_samples_are_the_first_values_of_each_rule(readings):
    hot = [{"temperature_c": 200 + number, **({"irradiance_wm2": 1900} if number % 2 else {})} for number in range(60)]
    result = readings.judge(readings.load(*hot)).result
    samples = {
        outcome["expectation_config"]["meta"]["code"]: outcome["result"]["partial_unexpected_list"]
        for outcome in result["results"]
        if not outcome["success"]
    }
    assert samples["R304_TEMPERATURE_RANGE"] == [str(200 + number) for number in range(20)]
    assert samples["R303_IRRADIANCE_RANGE"] == ["1900"] * 20


def test_an_unmapped_device_holds_its_rows_unless_they_are_refused_anyway(readings):
    unmapped = {"unmapped_device": "plant 9 / inverter 3"}
    verdict = readings.judge(readings.load(unmapped, {**unmapped, "quality": None}))
    assert [row.severity for row in verdict.failing] == ["hold", "reject"]
    assert (verdict.rows_held, verdict.rows_rejected) == (1, 1)


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
@pytest.mark.parametrize("column", AMOUNTS)
def test_what_is_not_finite_never_passes_unseen(readings, column, value):
    verdict = readings.judge(readings.load({column: value}))
    assert sum(count.unexpected for count in verdict.counts.values()) == 1


def test_a_load_does_not_see_rows_of_another(readings):
    readings.load({"quality": None})
    assert readings.judge(readings.load({})).rows == 1


def test_a_failure_in_the_database_keeps_its_own_error(readings):
    load_id = readings.load(*([{}] * 5_000))
    with psycopg.connect(f"{readings.url}?options=-c%20statement_timeout%3D1") as impatient:
        with pytest.raises(psycopg.errors.QueryCanceled):
            judge_loads(impatient, TABLE, {load_id: None}, ["readings"])
        impatient.rollback()


def test_a_missing_column_is_named(readings, tmp_path, monkeypatch):
    from great_expectations.exceptions import MetricResolutionError

    whole = json.loads(suites.text_of("solaredge"))
    whole["expectations"][0]["kwargs"]["column"] = "no_such_column"
    (tmp_path / "strange.json").write_text(json.dumps({**whole, "name": "strange"}))
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    with pytest.raises(MetricResolutionError, match="no_such_column"):
        readings.judge(readings.load({}), ["strange"])
