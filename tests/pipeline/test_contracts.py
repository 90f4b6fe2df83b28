"""Contract files in the warehouse: versions beside versions, the same file again, what is assessed again."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import psycopg
import pytest

from tests.pipeline.contract_world import FILE, NEIGHBOUR, again, changed, refusal, today

ROOT = Path(__file__).resolve().parents[2]


def test_a_new_contract_is_stored_with_every_parameter_and_the_same_file_again_changes_nothing(apply, rows):
    first = apply(FILE)
    assert (first.outcome, first.version, first.is_written) == ("new", 1, True)
    availability, data = rows("select * from core.obligation order by obligation_code")
    assert (availability["guarantee"], availability["ld_step"]) == (Decimal(98), Decimal("0.1"))
    assert (availability["valid_from_on"], availability["settle_days"]) == (date(2026, 1, 1), 5)
    assert availability["capacity_ac_kw"] == 100, "the plant's"
    assert data["min_completeness_percent"] == 0
    measured = rows("select m.name, om.role from core.obligation_meter as om join core.meter as m using (meter_id)")
    assert sorted(tuple(row.values()) for row in measured) == sorted([("M1", "measured"), ("M2", "measured")] * 2)
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


def test_the_complete_file_of_the_page_is_applied_as_it_stands(apply, rows, organization):
    from include.core.exact_documents import read_yaml
    from include.pipeline import registration

    meters = [
        {"name": "Main meter", "rated_power_w": 8000000},
        {"name": "Check meter", "meter_type": "REVENUE"},
        {"name": "Weather station", "meter_type": "IRRADIANCE"},
    ]
    plant = {"name": "North plant", "time_zone": "Europe/Berlin", "latitude": 52, "longitude": 13, "meters": meters}
    registration.apply({"organization": "Test Energy", "projects": [plant]})
    page = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    document = read_yaml(page.split("```yaml\n", 1)[1].split("```", 1)[0])
    assert apply(document.content, lines=document.lines).is_written
    assert apply(document.content).is_written is False
    assert len(rows("select from core.obligation")) == 6
    used = rows("""
        select o.obligation_code, om.role, m.name, om.capacity_kw from core.obligation_meter as om
        inner join core.obligation as o using (obligation_id) inner join core.meter as m using (meter_id)
        where o.obligation_code in ('energy', 'performance') order by 1, 2
    """)
    assert [tuple(row.values()) for row in used] == [
        ("energy", "backup", "Check meter", None),
        ("energy", "irradiance", "Weather station", None),
        ("energy", "measured", "Main meter", 8000),
        ("performance", "irradiance", "Weather station", None),
        ("performance", "measured", "Main meter", 8000),
    ]


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


def test_the_same_new_file_applied_twice_at_once_is_one_version(apply, rows):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(made.outcome for made in pool.map(apply, [FILE] * 4))
    assert outcomes == ["new", "unchanged", "unchanged", "unchanged"]
    assert len(rows("select from core.contract_version")) == len(rows("select from ops.reassessment")) == 1
