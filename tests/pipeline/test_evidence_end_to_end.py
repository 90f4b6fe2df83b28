"""The whole path: contract file, readings, publication, packs; then the database is gone and the packs still hold.

Every promise here is broken, each by other rules. A pack is stored only when its own program comes to the numbers that
the warehouse came to, so each of them is one more comparison of the two implementations.
"""

import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from include.lake.store import Lake
from include.security.signing import Signer, public_base64

START = datetime(2026, 5, 31, 22, tzinfo=UTC)  # midnight in Berlin
PROFILE = dict(enumerate((40, 150, 300, 500, 700, 850, 900, 800, 600, 400, 200, 60), start=4))
WEIGHED = {"measured": [{"meter": "M1", "capacity_kw": 60}, {"meter": "M2", "capacity_kw": 30}]}
AVAILABILITY: dict[str, Any] = {
    "metric": "availability", "guarantee_percent": "99.5", "capacity_kwp": 100, "expected_performance_ratio": "0.8",
    "expected_from": "irradiance", "irradiance_min_wm2": 50, "min_completeness_percent": 90, "ld_basis": "per_point",
    "ld_rate": 500, "ld_step": "0.1", "excused_classes": ["curtailment", "force_majeure", "scheduled_maintenance"],
}  # fmt: skip
OBLIGATIONS: list[dict[str, Any]] = [
    AVAILABILITY | {"code": "plain"},
    AVAILABILITY | {"code": "credited", "excused_method": "credit", "missing_policy": "exclude", "cap_per_period": 300},
    AVAILABILITY | {"code": "light", "weighting": "irradiance", "ld_step_mode": "started"},
    AVAILABILITY | {"code": "energy-weighted", "weighting": "energy", "rounding": "half_even"},
    AVAILABILITY | {"code": "logged", "downtime_basis": "event_log", "weighting": "capacity", "meters": WEIGHED},
    AVAILABILITY | {"code": "sunny", "expected_from": "sun_elevation", "missing_policy": "available"},
    AVAILABILITY | {"code": "maintained", "maintenance_hours_per_year": "1.5", "maintenance_notice_days": 2},
    {"code": "made", "metric": "energy", "period_type": "contract_year", "guarantee_percent": 100,
     "base_energy_kwh": 400000, "capacity_kwp": 100, "expected_performance_ratio": "0.8", "deemed_method": "interval",
     "deemed_classes": ["curtailment"], "ld_basis": "price_difference", "ld_alternate_price_per_mwh": "62.00",
     "ld_contract_price_per_mwh": "48.50", "ld_floor": 20, "min_completeness_percent": 90},
    {"code": "ratio", "metric": "performance_ratio", "period_type": "month", "guarantee_ratio": "0.9",
     "capacity_kwp": 100, "ld_basis": "per_point", "ld_rate": "100.5", "min_completeness_percent": 90},
    {"code": "factor", "metric": "capacity_factor", "period_type": "month", "guarantee_percent": 80,
     "capacity_ac_kw": 90, "ld_basis": "per_point", "ld_rate": "35.5", "min_completeness_percent": 90},
    {"code": "data", "metric": "completeness", "period_type": "month", "guarantee_percent": "99.9",
     "ld_basis": "flat", "ld_rate": 250},
    AVAILABILITY | {"code": "unsure", "min_completeness_percent": 100},
]  # fmt: skip
CONTRACT = {
    "contract": {
        "external_contract_id": "PPA-7", "project": "Plant", "name": "Sale of power", "starts_on": "2026-06-01",
        "ends_on": "2026-06-30", "currency_code": "EUR", "annual_fee": 30000,
    },
    "obligations": OBLIGATIONS,
    "events": [
        {"external_event_id": "CUT-1", "project": "Plant", "event_class": "curtailment",
         "starts_at": "2026-06-03T12:10:00+02:00", "ends_at": "2026-06-03T14:00:00+02:00"},
        {"external_event_id": "CUT-2", "project": "Plant", "event_class": "curtailment",
         "starts_at": "2026-06-03T13:00:00+02:00", "ends_at": "2026-06-03T15:00:00+02:00"},
        {"external_event_id": "OUT-1", "project": "Plant", "event_class": "forced_outage",
         "starts_at": "2026-06-10T10:20:00+02:00", "ends_at": "2026-06-10T13:40:00+02:00"},
        {"external_event_id": "SERVICE-1", "project": "Plant", "event_class": "scheduled_maintenance",
         "starts_at": "2026-06-17T09:00:00+02:00", "ends_at": "2026-06-17T12:00:00+02:00",
         "notified_at": "2026-06-14T09:00:00+02:00"},
    ],
}  # fmt: skip
DOWN = {(3, 12), (3, 13), (3, 14), (10, 10), (10, 11), (10, 12), (17, 9), (17, 10), (17, 11), (22, 15)}
ABSENT = {(5, 9), (5, 10), (25, 2), (26, 14)}


def file_of(device: str, share: int) -> str:
    """A month of hourly readings; what is down is down for the whole plant, what is absent only for the first meter."""
    lines = ["timestamp,site_id,device_id,energy_wh,irradiance_wm2,interval_seconds"]
    for hour in range(30 * 24):
        at = START + timedelta(hours=hour)
        local = (at + timedelta(hours=2)).day, (at + timedelta(hours=2)).hour
        light = PROFILE.get(at.hour, 0)
        if local in ABSENT and not device:
            continue
        energy = 0 if local in DOWN else light * share
        lines.append(f"{at.isoformat()},P1,{device},{energy},{light},3600")
    return "\n".join(lines) + "\n"


@pytest.fixture
def published(warehouse, organization, ingest):
    """The contract applied, two meters' June ingested, one publication closed."""
    from include.pipeline import contracts
    from include.pipeline.publish import publish

    contracts.apply(CONTRACT, organization, actor="ada", reason="signed")
    for name, device, share in (("one.csv", "", 50), ("two.csv", "INV-2", 30)):
        load = ingest(file_of(device, share), name)
        assert load["status"] == "accepted", load["message"]
    assert publish()
    return warehouse


def test_every_broken_promise_has_a_pack_that_proves_it_when_the_database_is_gone(published, cluster, tmp_path):
    from include.pipeline import preserve

    events = published.execute("select * from canonical.default_event order by obligation_code").fetchall()
    broken = {row["obligation_code"]: row["status"] for row in events}
    assert broken == {terms["code"]: "detected" for terms in OBLIGATIONS} | {"unsure": "inconclusive"}
    outcome = preserve.preserve_all()
    assert outcome == {"complete": len(OBLIGATIONS), "pending": 0, "messages": []}, "\n".join(outcome["messages"])
    rows = published.execute("select * from ops.evidence_pack").fetchall()
    packs = {str(row["default_event_id"]): Lake().read(row["lake_key"]) for row in rows}
    key = public_base64(Signer.from_environment().public_key_text)
    name = published.info.dbname
    with psycopg.connect(cluster.superuser_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')
        connection.execute(f'create database "{name}"')  # the fixture drops it again
    for event_id, body in packs.items():
        pack = tmp_path / f"{event_id}.zip"
        pack.write_bytes(body)
        with zipfile.ZipFile(pack) as archive:
            archive.extractall(tmp_path / event_id)
        told = subprocess.run(
            [sys.executable, "verify.py", str(pack), "--key", key],
            cwd=tmp_path / event_id, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (told.returncode, event_id in told.stdout) == (0, True), told.stdout
