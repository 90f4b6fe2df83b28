"""A vendor's answer that was stored elsewhere, taken in by hand with its request."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError, NotFound
from tests import warm
from tests.pipeline.oracle import count, state

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "solaredge"
SITE, INVERTER = "2210045", "7F1A20C4-9B"
NOON = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)  # in Brussels
CANARY = "canary-51d0e7"
DETAILS = f"/site/{SITE}/energyDetails?timeUnit=QUARTER_OF_AN_HOUR&meters=PRODUCTION&api_key={CANARY}"
LATER = datetime(2026, 7, 2, tzinfo=UTC)


@pytest.fixture
def organization(warehouse, monkeypatch) -> int:
    from include.pipeline import registration

    monkeypatch.setenv("FLEET_KEY", "k")
    devices = (INVERTER, f"site:{SITE}:energy")
    meters = [
        {"name": device, "devices": [{"source": "solaredge", "site": SITE, "device": device}]} for device in devices
    ]
    site = {"site": SITE, "name": "Depot West", "project": "Depot", "time_zone": "Europe/Brussels"}
    document = {
        "organization": "Sun",
        "projects": [
            {"name": "Depot", "time_zone": "Europe/Brussels", "installed_ac_capacity_kw": 20, "meters": meters}
        ],
        "accounts": [{"source": "solaredge", "label": "fleet", "secret_env": "FLEET_KEY", "sites": [site]}],
    }
    return registration.apply(document)["organization_id"]


def bring(organization, fixture, request, **more):
    from include.pipeline.archive import land_archived
    from include.pipeline.process import process

    given = {"source_system": "solaredge", "external_site_id": SITE, "fetched_at": LATER, **more}
    landed = land_archived(FIXTURES / f"{fixture}.json", organization_id=organization, request=request, **given)
    return process(landed["load_id"])


def readings(warehouse, device):
    return warehouse.execute(
        """
        select "timestamp" as at, energy_wh, energy_total_wh, power_w, quality, other_metrics
        from canonical.meter_reading where external_device_id = %s order by 1
        """,
        [device],
    ).fetchall()


def test_a_stored_answer_becomes_readings(organization, warehouse):
    from include.pipeline.publish import publish

    load = bring(organization, "v1_energy_details__nulls", DETAILS)
    assert (load["status"], load["rows_in"], load["rows_rejected"]) == ("accepted", 4, 0)
    publish()
    found = readings(warehouse, f"site:{SITE}:energy")
    assert [(row["at"], row["energy_wh"], row["quality"]) for row in found] == [
        (NOON, 4605, "measured"),
        (NOON + timedelta(minutes=15), None, "measured"),
        (NOON + timedelta(minutes=30), 0, "measured"),
        (NOON + timedelta(minutes=45), None, "missing"),
    ]
    assert [row["other_metrics"] for row in found] == [{"import_wh": 12.5}, {"import_wh": 13}, None, None]


def test_registers_become_estimated_energy(organization, warehouse):
    from include.pipeline.publish import publish

    load = bring(organization, "v1_equipment_data__samples", f"/equipment/{SITE}/{INVERTER}/data")
    assert (load["status"], load["rows_in"]) == ("accepted", 3)
    publish()
    first, second, third = readings(warehouse, INVERTER)
    assert [(row["energy_wh"], row["power_w"], row["quality"]) for row in (first, second, third)] == [
        (2330, 9150, "estimated"),
        (2160, 9620, "estimated"),
        (None, None, "missing"),
    ]
    assert third["energy_total_wh"] == 1004490
    assert first["other_metrics"]["inverter_temperature_c"] == 41.5
    assert first["other_metrics"]["energy_basis"] == "register"


def test_the_same_answer_again_changes_nothing(organization, warehouse):
    from include.pipeline.publish import publish

    bring(organization, "v1_energy_details__nulls", DETAILS)
    publish()
    before = state(warehouse)
    again = bring(organization, "v1_energy_details__nulls", DETAILS, fetched_at=LATER + timedelta(days=1))
    assert again["status"] == "duplicate"
    publish()
    assert state(warehouse) == before


def test_the_key_of_an_old_request_is_not_stored(organization, warehouse):
    load = bring(organization, "v1_energy_details__nulls", DETAILS)
    assert load["request"]["query"] == {"timeUnit": "QUARTER_OF_AN_HOUR", "meters": "PRODUCTION"}
    assert count(warehouse, "ops.ingestion_log", f"ingestion_log::text like '%{CANARY}%'") == 0


def test_version_2_and_request_records_are_taken_too(organization):
    record = {
        "method": "GET",
        "path": f"/v2/sites/{SITE}/inverters/telemetry",
        "query": {"from": "2026-11-20T09:15:00Z"},
        "fetched_at": "2001-01-01T00:00:00+00:00",
    }
    later = datetime(2026, 11, 21, tzinfo=UTC)
    load = bring(organization, "inverters__mixed_units", json.dumps(record), fetched_at=later)
    assert load["request"] == {**record, "fetched_at": later.isoformat(), "status": 200}
    assert (load["status"], load["rows_in"]) in {("accepted", 4), ("held", 4)}


def test_an_unregistered_site_needs_a_zone(organization):
    with pytest.raises(NotFound, match="no solaredge site"):
        bring(organization, "v1_energy_details__nulls", DETAILS, external_site_id="4711")
    path = DETAILS.replace(SITE, "4711")
    load = bring(organization, "v1_energy_details__nulls", path, external_site_id="4711", time_zone="Asia/Tokyo")
    assert load["data_start_at"] == datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
    assert load["verdict"]["codes"]["R501_SITE_UNMAPPED"]["rows"] == 4


def test_an_answer_of_another_call_is_rejected(organization):
    load = bring(organization, "v1_energy_details__nulls", f"/site/{SITE}/overview")
    assert (load["status"], load["code"]) == ("rejected", "E410_UNEXPECTED_PAYLOAD")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"request": "site/1/energy"}, ConfigurationError),
        ({"request": "{"}, ConfigurationError),
        ({"request": '{"path": "/x", "query": 7}'}, ConfigurationError),
        ({"fetched_at": datetime(2026, 7, 2)}, ConfigurationError),
        ({"time_zone": "Mars/Olympus"}, ConfigurationError),
        ({"source_system": "telepathy"}, NotFound),
    ],
)
def test_a_wrong_request_is_named(organization, changes, error):
    with pytest.raises(error):
        bring(organization, "v1_energy_details__nulls", **{"request": DETAILS, **changes})


def test_the_command_line_takes_one_in(organization, warehouse, tmp_path):
    def sunledger(*more):
        what = ["ingest", str(FIXTURES / "v1_energy_details__nulls.json"), "--organization", "Sun"]
        what += ["--source", "solaredge", "--request", DETAILS, "--json", *more]
        return warm.sunledger(*what, cwd=tmp_path)

    assert sunledger().returncode == 2
    assert "--fetched-at" in sunledger("--site", SITE, "--fetched-at", "yesterday").stderr
    done = sunledger("--site", SITE, "--fetched-at", "2026-07-01T10:31:30Z")
    assert (done.returncode, json.loads(done.stdout)["rows_in"]) == (0, 2)
    assert CANARY not in done.stdout + done.stderr
