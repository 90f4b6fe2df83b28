"""Data Docs are readable without network and carry nothing from a client's cell into the page's code."""

from datetime import UTC, datetime

import pytest

from include.judging import datadocs, suites

ATTACK = "<script>alert('x')</script>"


def outcome(rule: suites.Rule, unexpected: int = 0, values: tuple[str, ...] = ()) -> dict:
    return {
        "success": not unexpected,
        "expectation_config": {
            "type": rule.type,
            "kwargs": rule.kwargs,
            "meta": rule.meta,
            "severity": rule.failure_severity,
        },
        "result": {
            "element_count": 12000,
            "unexpected_count": unexpected,
            "unexpected_percent": 100.0,
            "unexpected_percent_total": unexpected / 120,
            "missing_count": 12000 - unexpected,
            "missing_percent": 0.0,
            "partial_unexpected_list": list(values),
        },
        "meta": {},
        "exception_info": {"raised_exception": False, "exception_traceback": None, "exception_message": None},
    }


@pytest.fixture
def result() -> dict:
    rules = suites.rules_of(["readings"])
    broken = {"R205_UNIT_UNKNOWN": (24, (ATTACK,)), "W604_IRRADIANCE_OFFSET": (3, ("-2.5",))}
    return {
        "success": False,
        "suite_name": "readings",
        "results": [outcome(rule, *broken.get(rule.code, ())) for rule in rules],
        "statistics": {
            "evaluated_expectations": len(rules),
            "successful_expectations": len(rules) - 2,
            "unsuccessful_expectations": 2,
            "success_percent": 93.1,
        },
        "meta": {"run_id": {"run_name": "load 7", "run_time": "2026-05-01T12:00:00+00:00"}},
        "suite_parameters": {},
        "id": None,
    }


def is_self_contained(page: str) -> bool:
    return not any(part in page for part in ("http:", "https:", "//cdn", "<script", "src="))


def test_the_page_of_a_load_says_what_is_wrong_and_how_often(result):
    page = datadocs.render_validation(result, "Load 7: north.csv")
    assert "The unit of a value is not known." in page
    assert "24 unexpected values found. 0.2% of 12000 total rows." in page
    assert "12,000 rows judged" in page
    assert "Rows refused" in page


def test_broken_columns_stand_first(result):
    page = datadocs.render_validation(result, "Load 7")
    assert page.index(">unknown_unit<") < page.index(">age_seconds<")


def test_a_load_with_nothing_but_warnings_has_passed(result):
    result["success"] = True
    assert "Passed with warnings" in datadocs.render_validation(result, "Load 7")


def test_cells_and_names_cannot_bring_code_into_a_page(result):
    page = datadocs.render_validation(result, ATTACK)
    assert is_self_contained(page)
    assert page.count("&lt;script&gt;") >= 2


def test_rendering_leaves_the_stored_result_as_it_is(result):
    before = repr(result)
    datadocs.render_validation(result, "Load 7")
    assert repr(result) == before


@pytest.mark.parametrize("name", suites.all_names())
def test_the_page_of_a_suite_explains_every_rule(name):
    page = datadocs.render_suite(name)
    assert is_self_contained(page)
    assert all(rule.code in page for rule in suites.rules_of([name]))


def test_the_index_links_every_load_and_suite():
    entry = datadocs.Entry(
        load_id=7,
        name=ATTACK,
        source_system="manual",
        status="held",
        judged_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
        rows=12000,
        rows_refused=24,
        href="loads/7",
    )
    page = datadocs.render_index([entry], {"readings": "suites/readings"})
    assert is_self_contained(page)
    assert 'href="loads/7"' in page
    assert 'href="suites/readings"' in page
    assert "2026-05-01 12:00" in page


def test_an_index_without_loads_says_so():
    assert "No load has been judged yet." in datadocs.render_index([], {})
