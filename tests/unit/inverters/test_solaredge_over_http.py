"""The adapter against the simulator, over real HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from include.core import errors
from include.core.records import Site, Window
from include.security.tokens import Remembered
from include.sources.inverters import solaredge
from include.sources.inverters.base import Settings
from simulators.server import Clock, running
from simulators.solaredge import DEMO_KEY, create_app
from simulators.solaredge_plants import BERLIN_SITE, DENVER_SITE, FORBIDDEN_SITE, PLANTS

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def portal():
    with running(create_app(clock=Clock(NOW, is_frozen=True), calls_per_minute=10_000)) as url:
        yield url


def connect(url, clock=lambda: NOW, sleep=lambda seconds: None, key=DEMO_KEY):
    settings = Settings(base_url=url, options={"sites_in_page": 1}, sleep=sleep, clock=clock)
    return solaredge.connect(Remembered({"api_key": key}), settings)


def site(site_id, *series):
    name = PLANTS[site_id].name if site_id in PLANTS else "unknown"
    return Site(1, "solaredge", str(site_id), name, "UTC", series)


def readings(account, of, window):
    return [row for answer in account.fetch(of, window) for row in solaredge.parse(answer.body, answer.request, of)]


def test_sites_and_devices_are_found(portal):
    account = connect(portal)
    found = {site.external_site_id: site for site in account.sites()}
    assert list(found) == [str(DENVER_SITE), str(BERLIN_SITE)]
    assert found[str(BERLIN_SITE)].time_zone == "Europe/Berlin"
    assert [device.kind for device in account.devices(str(DENVER_SITE))] == ["inverter", "inverter", "meter"]


def test_a_window_has_every_interval_of_every_device_once(portal):
    window = Window(NOW - timedelta(hours=30), solaredge.closed_until(NOW))
    rows = readings(connect(portal), site(DENVER_SITE), window)
    keys = [(row["external_device_id"], row["interval_start"]) for row in rows]
    assert len(keys) == len(set(keys)) == 3 * 119
    assert max(row["interval_start"] for row in rows) == window.end - QUARTER
    assert all(row["voltage_v"] for row in rows if not row["external_device_id"].endswith("M1"))
    assert {row["quality"] for row in rows} == {"measured", "missing"}


def test_the_running_interval_is_left_for_later(portal):
    rows = readings(connect(portal), site(DENVER_SITE, "site_power"), Window(NOW - 4 * QUARTER, NOW))
    assert max(row["interval_start"] for row in rows) == datetime(2026, 11, 20, 11, 45, tzinfo=UTC)


def test_the_autumn_day_has_a_hundred_intervals(portal):
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    rows = readings(connect(portal), site(BERLIN_SITE, "site_energy"), Window(start, start + timedelta(hours=25)))
    assert [row["interval_start"] for row in rows] == [start + n * QUARTER for n in range(100)]


def test_mixed_units_agree(portal):
    for row in readings(connect(portal), site(BERLIN_SITE), Window(NOW - timedelta(hours=6), NOW)):
        assert (row["power_unit"], row["energy_unit"]) == ("KW", "WH")
        if row["quality"] == "measured":
            assert row["energy"] == pytest.approx(row["power"] * 1000 / 4)


def test_c15_a_restated_value_is_read_again():
    window = Window(NOW - timedelta(hours=40), NOW - timedelta(hours=30))
    serial = PLANTS[DENVER_SITE].devices[0].serial
    with running(create_app(clock=Clock(NOW, is_frozen=True))) as url:
        before = readings(connect(url), site(DENVER_SITE), window)
        query = {"site_id": DENVER_SITE, "serial": serial}
        requests.post(f"{url}/_control/restate", params=query, timeout=2)
        after = readings(connect(url), site(DENVER_SITE), window)
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [(row["external_device_id"], row["interval_start"]) for row in changed] == [
        (serial, datetime(2026, 11, 20, 0, 0, tzinfo=UTC) - timedelta(hours=24))
    ]


def test_c16_an_outage_leaves_no_gap(portal):
    account, of = connect(portal), site(DENVER_SITE, "site_energy")
    start, stopped, back = (NOW - timedelta(hours=h, minutes=7) for h in (10, 7, 2))
    first = readings(account, of, Window(start, stopped))
    second = readings(account, of, Window(stopped - solaredge.OVERLAP, back))
    starts = {row["interval_start"] for row in first + second}
    assert starts == {start + n * QUARTER for n in range(8 * 4)}


def test_the_minute_limit_is_waited_for():
    clock = Clock(NOW, is_frozen=True)
    naps_s = []

    def sleep(seconds):
        naps_s.append(seconds)
        clock.move_to(clock() + timedelta(seconds=seconds))

    with running(create_app(clock=clock, calls_per_minute=3)) as url:
        account = connect(url, clock, sleep)
        rows = readings(account, site(DENVER_SITE), Window(NOW - timedelta(hours=36), NOW))
    assert len(rows) > 3 * 140
    assert naps_s == [60]


def test_used_up_credits_stop_the_source():
    app = create_app(clock=Clock(NOW, is_frozen=True), credits_per_month=1)
    with running(app) as url, pytest.raises(errors.QuotaExhausted):
        readings(connect(url), site(DENVER_SITE), Window(NOW - QUARTER, NOW))


@pytest.mark.parametrize(("site_id", "error"), [(FORBIDDEN_SITE, errors.SiteForbidden), (1, errors.SiteGone)])
def test_a_refused_site_is_named(portal, site_id, error):
    with pytest.raises(error):
        readings(connect(portal), site(site_id), Window(NOW - QUARTER, NOW))


def test_a_wrong_key_needs_a_person(portal):
    with pytest.raises(errors.AuthFailed) as caught:
        list(connect(portal, key="canary-7f3a91c2").sites())
    assert "canary" not in str(caught.value)


def test_version_1_is_withdrawn(portal):
    account = connect(f"{portal}/site/1?api_key=")
    with pytest.raises(errors.ApiWithdrawn):
        account.site("1")
