"""The suites of `expectations/` are complete and keep to what one scan can do."""

import json
import re

import pytest

from include.core.errors import ConfigurationError, NotFound
from include.judging import suites

NAMES = suites.all_names()
RULES = [rule for name in NAMES for rule in suites.rules_of([name])]


def test_there_is_a_suite_for_all_readings_and_one_that_a_vendor_adds():
    assert {"readings", "solaredge"} <= set(NAMES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}-{rule.kwargs['column']}")
def test_a_rule_tells_people_what_is_wrong_and_what_to_do(rule):
    assert re.fullmatch(r"[RWB]\d{3}_[A-Z0-9_]+", rule.code)
    assert rule.severity in suites.SEVERITIES
    assert rule.message.endswith(".") and rule.message[0].isupper()
    assert rule.remedy.endswith(".") and rule.remedy[0].isupper()
    assert re.fullmatch(r"[a-z_0-9]+", rule.column)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}-{rule.kwargs['column']}")
def test_a_rule_fits_into_the_one_scan(rule):
    assert "row_condition" not in rule.kwargs
    assert "mostly" not in rule.kwargs
    assert rule.type.startswith("expect_column_values_to_")


def test_a_number_has_one_name_and_a_code_one_severity():
    by_number = {rule.code[:4]: rule.code for rule in RULES}
    severities = {rule.code: rule.severity for rule in RULES}
    assert {rule.code for rule in RULES} == set(by_number.values())
    assert all(rule.severity == severities[rule.code] for rule in RULES)


def test_warnings_never_refuse_and_only_what_is_not_registered_holds():
    assert {rule.code for rule in RULES if rule.severity == "hold"} == {
        "R501_SITE_UNMAPPED",
        "B501_LINE_UNRESOLVED",
        "B502_PERIOD_UNRESOLVED",
    }
    assert all(rule.severity == "warn" for rule in RULES if rule.code.startswith(("W", "B6")))


@pytest.mark.parametrize("name", NAMES)
def test_a_suite_is_stored_as_great_expectations_stores_it(name):
    from great_expectations.core.expectation_suite import ExpectationSuite, expectationSuiteSchema

    suite = ExpectationSuite(**expectationSuiteSchema.loads(suites.text_of(name)))
    assert suite.to_json_dict() == json.loads(suites.text_of(name))
    for rule, expectation in zip(suites.rules_of([name]), suite.expectations, strict=True):
        assert expectation.severity.value == rule.failure_severity


def test_a_name_that_is_no_suite_is_refused():
    with pytest.raises(NotFound):
        suites.text_of("../pyproject")


def test_a_rule_without_a_remedy_is_refused(tmp_path, monkeypatch):
    meta = {"code": "R999_TEST", "severity": "reject", "column": "quality", "message": "Wrong."}
    expectation = {"type": "expect_column_values_to_be_null", "kwargs": {"column": "quality"}, "meta": meta}
    (tmp_path / "unfinished.json").write_text(json.dumps({"name": "unfinished", "expectations": [expectation]}))
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    with pytest.raises(ConfigurationError, match="remedy"):
        suites.rules_of(["unfinished"])
