"""Plant events and meter tests: corrected in versions, asking for exactly the days that they touch."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.pipeline.contract_world import FILE, again, changed, refusal, today

EVENT = {
    "external_event_id": "EV-1",
    "project": "Plant",
    "event_class": "GRID_OUTAGE",
    "starts_at": "2026-03-28T23:30:00+01:00",
    "ends_at": "2026-03-29T03:00:00",
}


def test_an_event_is_corrected_in_versions_and_touches_its_days_of_the_contracts_concerned(apply, rows):
    apply(FILE)
    apply(changed(external_contract_id="PPA-2"))
    known = len(again(rows))
    made = apply({"events": [EVENT]})
    assert made.changes == ["new event EV-1 at Plant, grid_outage, 2026-03-28 22:30Z to 2026-03-29 01:00Z"]
    assert again(rows)[known:] == [(n, date(2026, 3, 28), date(2026, 3, 29)) for n in ("PPA-1", "PPA-2")]
    assert apply({"events": [EVENT]}).is_written is False

    corrected = {**EVENT, "contract": "PPA-2", "starts_at": "2026-03-29T01:00:00", "class": "CURTAIL"}
    del corrected["event_class"]
    assert refusal(apply, {"events": [corrected]}) == [("C708", "")]
    made = apply({"events": [corrected]}, reason="the grid operator's log")
    assert "event_class grid_outage becomes curtailment" in made.changes[0]
    assert "concerns PPA-2" in made.changes[0]
    assert again(rows)[known + 2 :] == [(n, date(2026, 3, 28), date(2026, 3, 29)) for n in ("PPA-1", "PPA-2")]
    versions = rows("select version, is_current, event_class from core.plant_event order by version")
    assert [tuple(row.values()) for row in versions] == [(1, False, "grid_outage"), (2, True, "curtailment")]

    withdrawn = apply({"events": [corrected | {"is_withdrawn": True}]}, reason="it was another feeder")
    assert [(d.contract, d.from_on) for d in withdrawn.reassessed] == [("PPA-2", date(2026, 3, 29))]
    for hour in ("2026-03-29T02:30:00", "2026-10-25T02:30:00"):  # never was; was there twice
        assert refusal(apply, {"events": [EVENT | {"starts_at": hour, "ends_at": None}]}) == [
            ("C704", "events[0].starts_at")
        ]
    future = EVENT | {"external_event_id": "EV-2", "starts_at": f"{today() + timedelta(days=3)}T00:00", "ends_at": None}
    assert apply({"events": [future]}).reassessed == []


def test_a_meter_test_touches_what_the_rule_for_meter_errors_corrects(apply, rows):
    both = changed()
    both["obligations"][0]["meters"] = {"measured": "M1"}
    both["obligations"][1] |= {"meters": {"measured": "M1"}, "meter_error_lookback": "none"}
    apply(both)
    test = {"project": "Plant", "meter": "M1", "tested_at": "2026-05-31T12:00Z", "last_good_at": "2026-04-01T12:00Z"}
    made = apply({"meter_tests": [test | {"error_percent": "1.6"}]})
    assert made.changes == [
        "new test of M1 at 2026-05-31 12:00Z, reads 1.6 percent too high, last good at 2026-04-01 12:00Z"
    ]
    assert [(d.from_on, d.to_on) for d in made.reassessed] == [(date(2026, 5, 1), date(2026, 5, 31))]
    assert apply({"meter_tests": [test | {"error_share": "0.016"}]}).is_written is False
    assert apply({"meter_tests": [test | {"error_share": "0.015"}]}, reason="typing error").is_written
    found = rows("select version, is_current, error_share from core.meter_test order by version")
    assert [tuple(row.values()) for row in found] == [
        (1, False, Decimal("0.0160000000")),
        (2, True, Decimal("0.0150000000")),
    ]
    # nobody's contract looks at this one
    assert apply({"meter_tests": [test | {"meter": "M2", "error_share": 0}]}).reassessed == []


def test_a_file_holds_contract_events_and_tests_and_is_applied_whole_or_not_at_all(apply, rows, monkeypatch):
    from include.warehouse import reassessments

    event = {key: value for key, value in EVENT.items() if key != "project"} | {"contract": "PPA-1"}
    whole = changed() | {"events": [event]}

    def fails(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(reassessments, "ask", fails)
        apply(whole)
    assert rows("select from core.contract") == rows("select from core.plant_event") == []
    assert apply(whole).is_written
    [stored] = rows("select contract_id from core.plant_event")
    [contract] = rows("select contract_id from core.contract")
    assert stored == contract
    assert apply(whole).is_written is False
    assert again(rows) == [("PPA-1", date(2026, 1, 1), today())], "the event's days are among them"
