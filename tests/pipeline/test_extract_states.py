"""What a sync leaves on its site and account: the failed part, halves, sites that are gone, and what is due."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from include.core.errors import BadRequest, IllegalState, SiteGone, VendorError, VendorUnavailable
from simulators.solaredge_plants import DENVER_SITE
from tests.pipeline.child import killed
from tests.pipeline.solaredge_account import NOW, extract, mark, register

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("no_waiting")


def fail(portal, status: int, times: int, path: str = f"/v2/sites/{DENVER_SITE}/meters") -> None:
    requests.delete(f"{portal}/_control/faults", timeout=10)
    requests.post(f"{portal}/_control/faults", json=[{"path": path, "times": times, "status": status}], timeout=10)


def asked(portal) -> list[dict]:
    return requests.get(f"{portal}/_control/requests", timeout=10).json()


def row_of(warehouse, site: int) -> dict:
    return warehouse.execute("select * from ops.integration_site where integration_site_id = %s", [site]).fetchone()


def account_of(warehouse) -> dict:
    return warehouse.execute("select * from ops.integration_credential").fetchone()


def due(source: str = "solaredge") -> list[int]:
    from include.pipeline.turns import due_sites

    return [reference["integration_site_id"] for reference in due_sites(source)]


def verify(*site_ids: int) -> None:
    from include.pipeline.turns import raise_for_failures

    raise_for_failures("solaredge", [{"integration_site_id": site} for site in site_ids])


def test_the_part_that_failed_stands_on_the_site_until_it_has_arrived(sites, portal, warehouse):
    extract(sites[0], until=NOW - 24 * HOUR, lookback=12 * HOUR)
    fail(portal, 503, times=4, path=f"/v2/sites/{DENVER_SITE}/inverters")
    with pytest.raises(VendorUnavailable):
        extract(sites[0])
    row = row_of(warehouse, sites[0])
    start = datetime(2026, 6, 9, 9, 0, tzinfo=UTC)  # an overlap before the mark
    assert (row["failed_from"], row["failed_until"]) == (start, start + 12 * HOUR)
    assert row["last_sync_status"] == "error" and row["consecutive_failures"] == 1
    assert row["high_water_mark"] == start + 3 * HOUR
    extract(sites[0])
    row = row_of(warehouse, sites[0])
    assert (row["last_sync_status"], row["last_sync_error"]) == ("success", None)
    assert (row["failed_from"], row["failed_until"], row["consecutive_failures"]) == (None, None, 0)
    assert row["high_water_mark"] == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def test_earlier_parts_count_when_a_later_one_fails(sites, portal, warehouse):
    extract(sites[0], lookback=24 * HOUR)
    warehouse.execute("update ops.integration_site set high_water_mark = high_water_mark - interval '21 hours'")
    fail(portal, 503, times=50, path="nowhere")
    script = [
        {"path": f"/v2/sites/{DENVER_SITE}/inverters", "times": 1},  # the first part passes as it is
        {"path": f"/v2/sites/{DENVER_SITE}/inverters", "times": 9, "status": 503},
    ]
    requests.post(f"{portal}/_control/faults", json=script, timeout=10)
    with pytest.raises(VendorUnavailable):
        extract(sites[0])
    row = row_of(warehouse, sites[0])
    assert row["last_sync_status"] == "partial" and "E401" in row["last_sync_error"]
    assert row["high_water_mark"] == row["failed_from"] == datetime(2026, 6, 10, 0, 0, tzinfo=UTC)


def test_a_refused_window_is_asked_for_in_halves_once(sites, portal, warehouse):
    fail(portal, 400, times=1)
    assert extract(sites[0], lookback=12 * HOUR) == {"accepted": 5}
    spans = [request["query"] for request in asked(portal) if "/meters" in request["path"]]
    assert [("00%3A00%3A00Z" in span, "06%3A00%3A00Z" in span) for span in spans] == [
        (True, False),
        (True, True),
        (False, True),
    ]
    assert mark(warehouse, sites[0]) == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
    fail(portal, 400, times=50)
    before = len(asked(portal))
    with pytest.raises(BadRequest):
        extract(sites[0], lookback=12 * HOUR)
    assert len(asked(portal)) - before == 4  # both series of the whole window, both of its first half
    row = row_of(warehouse, sites[0])
    assert row["failed_until"] - row["failed_from"] == 6 * HOUR and "E408" in row["last_sync_error"]


def test_a_site_that_the_vendor_does_not_know_is_switched_off_after_five_tries(sites, portal, warehouse):
    extract(sites[0], lookback=2 * HOUR)
    fail(portal, 404, times=50, path=f"/v2/sites/{DENVER_SITE}/")
    for number in range(1, 6):
        with pytest.raises(SiteGone):
            extract(sites[0])
        assert row_of(warehouse, sites[0])["is_active"] is (number < 5)
    row = row_of(warehouse, sites[0])
    assert "E407" in row["last_sync_error"] and sites[0] not in due() and sites[1] in due()
    [entry] = warehouse.execute("select * from ops.audit_entry where action = 'switch site off'").fetchall()
    assert f"site {sites[0]}" in entry["subject"] and "E407" in entry["reason"]
    requests.delete(f"{portal}/_control/faults", timeout=10)
    extract(sites[0])  # a person asks for it, and it is there again
    assert row_of(warehouse, sites[0])["is_active"]
    query = "select count(*) as n from ops.audit_entry where action = 'switch site on'"
    assert warehouse.execute(query).fetchone()["n"] == 1


def test_an_account_worked_only_if_the_vendor_gave_something(sites, portal, warehouse):
    warehouse.execute("update ops.integration_credential set last_error = 'of before', error_count = 3")
    fail(portal, 503, times=50, path=f"/v2/sites/{DENVER_SITE}")
    with pytest.raises(VendorUnavailable):
        extract(sites[0])
    assert (account_of(warehouse)["last_error"], account_of(warehouse)["error_count"]) == ("of before", 3)
    requests.delete(f"{portal}/_control/faults", timeout=10)
    extract(sites[0], lookback=HOUR)
    assert (account_of(warehouse)["last_error"], account_of(warehouse)["error_count"]) == (None, 0)


def test_a_refused_account_is_asked_no_more_and_its_sites_are_named(warehouse, portal, monkeypatch):
    site_ids = register(monkeypatch, key="wrong-key")
    assert due() == site_ids
    with pytest.raises(VendorError):
        extract(site_ids[0])
    assert account_of(warehouse)["state"] == "refused" and due() == []
    calls = len(asked(portal))
    with pytest.raises(IllegalState, match="the account is refused"):
        from include.pipeline.extract import land_site

        land_site(site_ids[1])
    assert len(asked(portal)) == calls
    with pytest.raises(VendorError, match=r"2 of 2 sites failed: .*the account is refused: E404"):
        verify()


def test_the_status_shows_which_sites_are_not_read_and_why(sites, portal, warehouse):
    from include.warehouse import summary
    from include.warehouse.database import connect

    def looked_at() -> list[str]:
        with connect() as connection:
            return [site["name"] for site in summary.collect(connection)["sites"] if summary.needs_a_look(site)]

    assert looked_at() == []
    fail(portal, 503, times=50)
    with pytest.raises(VendorUnavailable):
        extract(sites[0], lookback=HOUR)
    assert looked_at() == ["Site 2016001"]
    warehouse.execute("update ops.integration_credential set state = 'reauth_required'")
    assert looked_at() == ["Site 2016001", "Site 2016002"]
    warehouse.execute("update ops.integration_credential set state = 'disabled'")
    warehouse.execute("update ops.integration_site set last_sync_status = 'success'")
    assert looked_at() == []


def test_sites_are_due_by_their_interval_and_never_more_often_than_the_vendor_bears(sites, warehouse):
    def ended(ago: str, **values) -> bool:
        changes = {"last_sync_status": "success", "consecutive_failures": 0, "sync_interval_minutes": 60} | values
        assignments = ", ".join(f"{name} = %({name})s" for name in changes)
        warehouse.execute(
            f"update ops.integration_site set last_sync_at = now() - '{ago}'::interval, "
            f"last_sync_started_at = now() - '{ago}'::interval, {assignments}",
            changes,
        )
        return due() == sites

    assert due() == sites
    assert not ended("50 min") and ended("55 min")
    assert not ended("5 h", sync_interval_minutes=1440)
    assert ended("20 min", sync_interval_minutes=1440, last_sync_status="error", consecutive_failures=1)
    assert not ended("14 min", sync_interval_minutes=1440, last_sync_status="error", consecutive_failures=1)
    assert not ended("14 min", sync_interval_minutes=1)
    assert ended("20 min", last_sync_status="pending")
    assert not ended("5 h", is_active=False)
    warehouse.execute("update ops.integration_site set is_active = true")
    warehouse.execute("update ops.integration_credential set state = 'disabled'")
    assert due() == []
    verify()  # switched off by a person, so nobody has to be called


def test_a_killed_sync_is_pending_and_keeps_nobody_waiting(sites, portal, warehouse):
    extract(sites[0], lookback=HOUR)
    killed(f"from include.pipeline.extract import land_site; land_site({sites[0]})", "landed_in_lake")
    assert row_of(warehouse, sites[0])["last_sync_status"] == "pending"
    with pytest.raises(VendorError, match="Site 2016001: pending"):
        verify(sites[0])
    extract(sites[0])
    assert row_of(warehouse, sites[0])["last_sync_status"] == "success"
    verify(sites[0])


def test_a_load_that_is_held_makes_the_sync_partial(sites, warehouse):
    warehouse.execute("update core.meter set rated_power_w = 1")
    assert "held" in extract(sites[0], lookback=12 * HOUR)
    assert row_of(warehouse, sites[0])["last_sync_status"] == "success"
    with pytest.raises(VendorError, match=r"load \d+ is held: F006_ERROR_RATE .* rows are refused"):
        verify(sites[0])
    row = row_of(warehouse, sites[0])
    assert row["last_sync_status"] == "partial" and "is held" in row["last_sync_error"]
    extract(sites[0], lookback=12 * HOUR)  # the same content again is still not accepted
    with pytest.raises(VendorError, match="is held"):
        verify(sites[0])


def test_the_mark_never_passes_over_a_gap(sites, warehouse):
    extract(sites[0], until=NOW - 48 * HOUR, lookback=2 * HOUR)
    before = mark(warehouse, sites[0])
    extract(sites[0], lookback=2 * HOUR)
    assert mark(warehouse, sites[0]) == before
    extract(sites[0])
    assert mark(warehouse, sites[0]) == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def test_windows_begin_and_end_on_boundaries_of_the_vendors_own_intervals():
    from include.core.records import Window
    from include.pipeline.walk import window_of
    from include.sources.inverters import REGISTRY

    for name, vendor in REGISTRY.items():
        for minute in range(0, 60, 7):
            until = datetime(2026, 6, 10, 12, minute, 31, tzinfo=UTC)
            row = {"source_system": name, "high_water_mark": None}
            window = window_of(row, until, lookback=timedelta(hours=5))
            end = vendor.closed_until(until)
            assert window == Window(end - 5 * HOUR, end), name
            seen = {"source_system": name, "high_water_mark": end - HOUR}
            assert window_of(seen, until) == Window(end - HOUR - vendor.OVERLAP, end), name
