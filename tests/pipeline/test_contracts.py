"""Contract files in the warehouse: versions beside versions, the same file again, what is assessed again."""

from copy import deepcopy
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import psycopg
import pytest

from include.core.contract_errors import ContractRefused

FILE: dict[str, Any] = {
    "contract": {
        "external_contract_id": "PPA-1",
        "project": "Plant",
        "name": "Sale of power",
        "starts_on": "2026-01-01",
        "currency_code": "EUR",
        "annual_fee": 30000,
    },
    "obligations": [
        {
            "code": "availability",
            "metric": "availability",
            "guarantee_percent": 98,
            "ld_basis": "per_point",
            "ld_rate": 500,
            "ld_step": "0.1",
            "cap_per_year_fee_share": "0.1",
        },
        {"code": "data", "metric": "completeness", "guarantee_percent": 95},
    ],
}
NEIGHBOUR = {
    "organization": "Neighbour",
    "projects": [{"name": "Foreign", "time_zone": "UTC", "meters": [{"name": "F1", "serial_number": "S-1"}]}],
}


def changed(document: dict[str, Any] = FILE, **contract: Any) -> dict[str, Any]:
    """The file with another head."""
    return deepcopy(document) | {"contract": document["contract"] | contract}


@pytest.fixture
def apply(organization):
    from include.pipeline import contracts

    return lambda document, **more: contracts.apply(document, organization, actor="ada", **more)


@pytest.fixture
def rows(warehouse):
    return lambda query: warehouse.execute(query).fetchall()


def again(rows) -> list[tuple[str, date, date]]:
    """The days that wait to be assessed again."""
    found = rows("""
        select c.external_contract_id as number, r.from_on, r.to_on from ops.reassessment as r
        inner join core.contract as c using (contract_id) order by reassessment_id
    """)
    return [tuple(row.values()) for row in found]


def refusal(apply, document: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(ContractRefused) as raised:
        apply(document, **more)
    return [(flaw.code[:4], flaw.place) for flaw in raised.value.flaws]


def today(zone_name: str = "Europe/Berlin") -> date:
    from include.core.clock import zone

    return datetime.now(zone(zone_name)).date()


def test_a_new_contract_is_stored_with_every_parameter_and_the_same_file_again_changes_nothing(apply, rows):
    first = apply(FILE)
    assert (first.outcome, first.version, first.is_written) == ("new", 1, True)
    availability, data = rows("select * from core.obligation order by obligation_code")
    assert (availability["guarantee"], availability["ld_step"]) == (Decimal(98), Decimal("0.1"))
    assert (availability["valid_from_on"], availability["settle_days"]) == (date(2026, 1, 1), 5)
    assert availability["capacity_ac_kw"] == 100, "the plant's"
    assert data["min_completeness_percent"] == 0
    measured = rows("select m.name, om.role from core.obligation_meter as om join core.meter as m using (meter_id)")
    assert (
        sorted(tuple(row.values()) for row in measured) == [("M1", "measured"), ("M2", "measured")] * 2
        or len(measured) == 4
    )
    [version] = rows("select * from core.contract_version")
    assert (version["year_anchor_on"], version["assess_from_on"]) == (date(2026, 1, 1), date(2026, 1, 1))
    assert again(rows) == [("PPA-1", date(2026, 1, 1), today())]
    [entry] = rows("select * from ops.audit_entry where action = 'apply contract'")
    assert (entry["actor"], entry["subject"]) == ("ada", "PPA-1")
    assert entry["details"]["terms_sha256"] == version["terms_sha256"]

    same = apply(FILE)
    assert (same.outcome, same.version, same.is_written, same.changes) == ("unchanged", 1, False, [])
    assert same.words()[-1].startswith("nothing changes")
    assert len(rows("select from core.contract_version")) == len(again(rows)) == 1
    assert len(rows("select from ops.audit_entry where action = 'apply contract'")) == 1


def test_a_change_is_a_new_version_with_a_reason_and_touches_nothing_before_it_takes_effect(apply, rows, organization):
    from include.pipeline import contracts

    apply(FILE)
    before = rows("select * from core.obligation order by obligation_id")
    later = changed(effective_on="2026-03-01")
    later["obligations"][0] |= {"guarantee_percent": "98.5"}
    del later["obligations"][1]
    planned = contracts.plan(later, organization)
    assert planned.changes == [
        "contract: effective_on 2026-01-01 becomes 2026-03-01",
        "availability: guarantee_percent 98 becomes 98.5",
        "data is no longer promised",
    ]
    assert (planned.is_written, len(rows("select from core.contract_version"))) == (False, 1)
    assert refusal(apply, later) == [("C708", "")]
    assert refusal(apply, later, reason="  ") == [("C708", "")]
    assert apply(later, reason="amendment 1").version == 2
    assert rows("select * from core.obligation where version = 1 order by obligation_id") == before
    new = {row["obligation_code"]: row for row in rows("select * from core.obligation where version = 2")}
    assert (new["availability"]["guarantee"], new["availability"]["is_active"]) == (Decimal("98.5"), True)
    assert (new["data"]["is_active"], new["data"]["valid_from_on"]) == (False, date(2026, 3, 1))
    assert again(rows)[1:] == [("PPA-1", date(2026, 3, 1), today())]

    # terms of the future touch nothing that was assessed
    future = changed(later, effective_on=str(today() + timedelta(days=40)))
    assert apply(future, reason="amendment 2").reassessed == []
    assert len(again(rows)) == 2
    # a correction of terms that are older than others replaces those too, and says so
    assert "version 3, which was to govern" in contracts.plan(later | {"obligations": []}, organization).changes[-1]
    governing = rows("select distinct obligation_code, obligation_version from core.obligation_calendar order by 1, 2")
    assert [tuple(row.values()) for row in governing] == [("availability", 1), ("availability", 2), ("data", 1)]


def test_stored_versions_cannot_be_edited_by_the_service(apply, organization):
    from include.warehouse.database import connect

    apply(FILE)
    for table in ("contract_version", "obligation", "obligation_meter", "guarantee_year"):
        for deed in (f"update core.{table} set organization_id = 1", f"delete from core.{table}"):
            with connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(deed)


def test_a_contract_known_from_reference_data_keeps_what_the_file_does_not_say(apply, rows, organization):
    from include.pipeline import reference

    cells = {"external_contract_id": "OM-7", "project": "Plant", "name": "Service", "currency": "USD"}
    cells |= {"customer": "Ada Ltd", "start_date": "2026-02-01"}
    assert reference.load_rows([(1, cells)], "contract", organization, actor="ada").is_written
    made = apply({"contract": {"external_contract_id": "OM-7"}, "obligations": FILE["obligations"][1:]})
    assert made.outcome == "new"
    [contract] = rows("select * from core.contract")
    assert (contract["counterparty"], contract["currency_code"]) == ("Ada Ltd", "USD")
    [version] = rows("select * from core.contract_version")
    assert (version["effective_on"], version["currency_code"]) == (date(2026, 2, 1), "USD")


def test_what_does_not_exist_or_is_another_tenants_is_named_and_nothing_is_written(apply, rows, organization):
    from include.pipeline import registration

    registration.apply(NEIGHBOUR)
    for place in ("Foreign", "Nowhere"):
        assert refusal(apply, changed(project=place)) == [("C706", "contract.project")]
    strange = changed(currency_code="XXA")
    strange["obligations"][0]["meters"] = {"measured": ["S-1"], "irradiance": [{"meter": "M9"}]}
    strange["obligations"][1] |= {"weighting": "capacity"}
    assert refusal(apply, strange) == [
        ("C706", "obligations[0].meters.measured[0]"),
        ("C706", "obligations[0].meters.irradiance[0]"),
        ("C703", "obligations[0].meters.measured"),
        ("C703", "obligations[1].meters.measured"),
        ("C703", "obligations[1].meters.measured"),
        ("C706", "contract.currency_code"),
    ]
    ratio = changed()
    ratio["obligations"] = [{"code": "pr", "metric": "performance_ratio", "guarantee_ratio": "0.8"}]
    assert refusal(apply, ratio) == [("C703", "obligations[0].capacity_kwp")]
    event = {
        "external_event_id": "E",
        "project": "Foreign",
        "event_class": "curtailment",
        "starts_at": "2026-01-01T00:00Z",
    }
    assert refusal(
        apply, {"events": [event, event | {"external_event_id": "F", "project": "Plant", "meter": "F1"}]}
    ) == [
        ("C706", "events[0].project"),
        ("C706", "events[1].meter"),
    ]
    assert rows("select from core.contract") == rows("select from core.plant_event") == []


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


def test_the_file_holds_every_column_with_its_digits_and_places(rows):
    """So that a value is either stored as it was written or refused."""
    from include.core import terms, terms_obligation

    columns = rows("""
        select table_name, column_name, numeric_precision as digits, numeric_scale as places
        from information_schema.columns where table_schema = 'core' and table_name in (
            'obligation', 'contract_version', 'guarantee_year', 'plant_event', 'meter_test'
        )
    """)
    models = {
        "obligation": terms_obligation.Obligation,
        "contract_version": terms.Contract,
        "guarantee_year": terms_obligation.GuaranteeYear,
        "plant_event": terms.Event,
        "meter_test": terms.MeterTest,
    }
    of_versions = {"organization_id", "contract_id", "contract_version_id", "obligation_id", "project_id", "meter_id"}
    of_versions |= {"version", "is_active", "valid_from_on", "created_at", "terms", "terms_sha256", "reason"}
    of_versions |= {"applied_by", "applied_at", "is_current", "plant_event_id", "meter_test_id"}
    missing, lossy = [], []
    for column in columns:
        table, name = column["table_name"], column["column_name"]
        fields = models[table].model_fields
        known = [field for field in fields if terms_obligation.COLUMNS.get(field, field) == name]
        if not known and name not in of_versions:
            missing.append((table, name))
        for field in known:
            if column["places"] and digits_and_places(fields[field]) != (column["digits"], column["places"]):
                lossy.append((table, field, digits_and_places(fields[field])))
    assert (missing, lossy) == ([], [])


def digits_and_places(field: Any) -> tuple[int | None, int | None]:
    """The bounds of a decimal, which may be optional."""
    kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if hasattr(kind, "__metadata__")]
    inner = [part for kind in kinds for info in kind.__metadata__ for part in getattr(info, "metadata", ())]
    found = {key: value for part in [*field.metadata, *inner] for key, value in getattr(part, "__dict__", {}).items()}
    return found.get("max_digits"), found.get("decimal_places")
