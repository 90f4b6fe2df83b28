"""Extraction from the portal simulator over real HTTP: high-water marks, overlap, restated history, budgets."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from include.core.errors import QuotaExhausted, VendorError, VendorUnavailable
from simulators.solaredge import DEMO_KEY
from simulators.solaredge_plants import BERLIN_SITE, DENVER_SITE
from tests.pipeline.oracle import count, state
from tests.pipeline.solaredge_account import NOW, SERIALS, extract, mark, publish, register


def test_closed_intervals_are_stored_up_to_the_mark_in_utc(sites, warehouse):
    assert extract(sites[0], lookback=timedelta(hours=24)) == {"accepted": 4}
    publish()
    assert mark(warehouse, sites[0]) == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    assert count(warehouse, "canonical.meter_reading") == 3 * 96
    last = warehouse.execute('select max("timestamp") as at from canonical.meter_reading').fetchone()["at"]
    assert last == datetime(2026, 6, 10, 11, 45, tzinfo=UTC)


def test_energy_reaches_the_column_and_agrees_with_the_portal_to_the_last_watt_hour(sites, portal, warehouse):
    extract(sites[0], lookback=timedelta(hours=24))
    publish()
    expected = 0.0
    for start, end in (("09T12", "10T00"), ("10T00", "10T12")):
        answer = requests.get(
            f"{portal}/v2/sites/{DENVER_SITE}/meters/telemetry",
            params={"resolution": "QUARTER_HOUR", "from": f"2026-06-{start}:00:00Z", "to": f"2026-06-{end}:00:00Z"},
            headers={"X-API-Key": DEMO_KEY},
            timeout=10,
        ).json()
        series = answer["meters"]["5E10AE00-M1"]["productionEnergy"]
        expected += sum(point["value"] or 0 for point in series["values"])
    stored = warehouse.execute(
        "select sum(energy_wh) as wh from canonical.meter_reading where external_device_id = '5E10AE00-M1'"
    ).fetchone()["wh"]
    assert float(stored) == pytest.approx(expected, abs=1e-3) and expected > 1000


def test_the_vendors_nulls_are_missing_and_never_zero(sites, warehouse):
    extract(sites[0], lookback=timedelta(days=5))
    publish()
    assert count(warehouse, "canonical.meter_reading", "quality = 'missing'") > 0
    assert count(warehouse, "canonical.meter_reading", "(quality = 'missing') <> (energy_wh is null)") == 0


def test_an_outage_longer_than_the_window_leaves_no_gap(sites, warehouse):
    extract(sites[0], until=NOW - timedelta(hours=20), lookback=timedelta(hours=4))
    extract(sites[0])
    publish()
    gaps = warehouse.execute(
        """
        select count(*) as n from (
            select "timestamp" - lag("timestamp") over (partition by meter_id order by "timestamp") as step
            from canonical.meter_reading
        ) as steps where step <> interval '15 minutes'
        """
    ).fetchone()["n"]
    assert gaps == 0 and count(warehouse, "canonical.meter_reading") == 3 * 96


def test_reading_the_same_hour_again_changes_nothing(sites, warehouse):
    extract(sites[0], lookback=timedelta(hours=24))
    publish()
    before = state(warehouse)
    assert extract(sites[0], lookback=timedelta(hours=24)) == {"duplicate": 4}
    extract(sites[0])
    publish()
    assert state(warehouse) == before
    assert count(warehouse, "canonical.meter_reading_revision") == 0


def test_restated_history_replaces_the_value_and_only_its_periods(sites, portal, warehouse):
    extract(sites[0], lookback=timedelta(hours=48))
    publish()
    periods = "select meter_id, period_type, period_start, energy_wh from canonical.meter_aggregate"
    before = {tuple(row.values()) for row in warehouse.execute(periods)}
    query = {"site_id": DENVER_SITE, "serial": "5E10AE00-M1", "hours_back": 36, "factor": "1.5"}
    answer = requests.post(f"{portal}/_control/restate", params=query, timeout=10)
    changed = datetime.fromisoformat(answer.json()["interval_start"])
    extract(sites[0], lookback=timedelta(hours=48))
    publish()
    after = {tuple(row.values()) for row in warehouse.execute(periods)}
    assert {row[1] for row in after - before} == {"hourly", "daily", "monthly"} and len(after - before) == 3
    [revision] = warehouse.execute('select "timestamp" as at, reason from canonical.meter_reading_revision').fetchall()
    assert (revision["at"], revision["reason"]) == (changed, "replaced")


def test_a_failing_part_holds_the_mark_and_the_site_says_why(sites, portal, warehouse, no_waiting):
    fault = {"path": f"/v2/sites/{DENVER_SITE}/meters/telemetry", "times": 50, "status": 503}
    requests.post(f"{portal}/_control/faults", json=[fault], timeout=10)
    with pytest.raises(VendorUnavailable):
        extract(sites[0], lookback=timedelta(hours=24))
    assert [base <= pause <= base + 1 for base, pause in zip((2, 4, 8), no_waiting, strict=True)] == [True] * 3
    assert mark(warehouse, sites[0]) is None
    row = warehouse.execute("select * from ops.integration_site where integration_site_id = %s", [sites[0]]).fetchone()
    assert row["last_sync_status"] == "partial" and "E401" in row["last_sync_error"]
    assert extract(sites[1], lookback=timedelta(hours=12)) != {}
    requests.delete(f"{portal}/_control/faults", timeout=10)
    extract(sites[0], lookback=timedelta(hours=24))
    assert mark(warehouse, sites[0]) == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    with pytest.raises(VendorError, match="E418"):
        from include.pipeline.turns import raise_for_failures

        warehouse.execute("update ops.integration_site set last_sync_status = 'error', last_sync_error = 'why'")
        raise_for_failures("solaredge", [{"integration_site_id": site} for site in sites])


def test_monthly_credits_are_reserved_in_the_database_before_each_call(warehouse, portal, monkeypatch):
    sites = register(monkeypatch, monthly_credits=3)
    with pytest.raises(QuotaExhausted):
        extract(sites[0], lookback=timedelta(hours=48))
    assert warehouse.execute("select calls from ops.api_usage where span = 'month'").fetchone()["calls"] == 3
    asked = requests.get(f"{portal}/_control/requests", timeout=10).json()
    assert len(asked) == 3


def test_a_wrong_key_is_an_error_of_the_credential_without_showing_it(warehouse, portal, monkeypatch):
    sites = register(monkeypatch, key="canary-0815")
    with pytest.raises(VendorError):
        extract(sites[0])
    found = warehouse.execute("select last_error, encrypted_credentials from ops.integration_credential").fetchone()
    assert "E404" in found["last_error"]
    assert "canary" not in str(found) and "canary" not in str(
        warehouse.execute("select * from ops.integration_site").fetchall()
    )


def test_an_account_tells_its_sites_and_devices_in_the_form_that_registration_takes(sites, warehouse):
    from include.pipeline import registration
    from include.pipeline.discover import discover

    found = discover(1, "solaredge", "fleet")
    assert [project["time_zone"] for project in found["projects"]] == ["America/Denver", "Europe/Berlin"]
    serials = {device["device"] for p in found["projects"] for m in p["meters"] for device in m["devices"]}
    assert serials == {*SERIALS[DENVER_SITE], *SERIALS[BERLIN_SITE]}
    counts = registration.apply({"organization": "Sun", **found})
    assert (counts["projects"], counts["meters"], counts["sites"]) == (2, 5, 2)
