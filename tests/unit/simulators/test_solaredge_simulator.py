from datetime import UTC, datetime, timedelta

import pytest
import requests

from simulators.server import Clock, running
from simulators.solaredge import DEMO_KEY, create_app
from simulators.solaredge_plants import BERLIN_SITE, DENVER_SITE, FORBIDDEN_SITE

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
DAY = {"from": "2026-11-19T12:00:00Z", "to": "2026-11-20T00:00:00Z"}


@pytest.fixture(scope="module")
def portal():
    with running(create_app(clock=Clock(NOW, is_frozen=True), calls_per_minute=10_000)) as url:
        yield Portal(url)


class Portal:
    """Calls a running simulator with the demo key."""

    def __init__(self, url):
        self.url = url

    def get(self, path, key=DEMO_KEY, **query):
        return requests.get(self.url + path, params=query, headers={"X-API-Key": key}, timeout=2)

    def values(self, site_id, group, metric, **window):
        devices = self.get(f"/v2/sites/{site_id}/{group}/telemetry", **(window or DAY)).json()[group]
        return {device: [point["value"] for point in series[metric]["values"]] for device, series in devices.items()}


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_wrong_key_is_a_problem_document(portal, key):
    answer = portal.get("/v2/sites", key=key)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["detail"] == "Invalid API key"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sites/list", 410),
        ("/site/1/energyDetails", 410),
        ("/equipment/1/2/data", 410),
        ("/v2/nothing", 404),
        ("/v2/sites/1", 404),
        (f"/v2/sites/{FORBIDDEN_SITE}", 403),
        (f"/v2/sites/{FORBIDDEN_SITE}/inverters/telemetry?from=2026-11-20T00:00:00Z&to=2026-11-20T01:00:00Z", 403),
        (f"/v2/sites/{DENVER_SITE}/power", 400),
        (f"/v2/sites/{DENVER_SITE}/power?from=2026-11-20T00:00:00Z&to=2026-11-20T12:00:01Z", 400),
        (f"/v2/sites/{DENVER_SITE}/power?from=2026-11-20T00:00:00Z&to=2026-11-20T12:00:00Z", 200),
    ],
)
def test_paths_answer_with_their_status(portal, path, status):
    answer = portal.get(path)
    assert answer.status_code == status
    assert answer.json().get("status", 200) == status


def test_sites_are_paged_with_a_short_last_page(portal):
    pages = [portal.get("/v2/sites", page=n, **{"sites-in-page": 1}).json()["sites"]["site"] for n in (1, 2, 3)]
    assert [[site["siteId"] for site in page] for page in pages] == [[DENVER_SITE], [BERLIN_SITE], []]


@pytest.mark.parametrize(
    ("types", "kinds"),
    [
        ([], ["INVERTER", "INVERTER"]),
        (["METER", "BATTERY"], ["METER"]),
        (["INVERTER,METER"], ["INVERTER", "INVERTER", "METER"]),
    ],
)
def test_devices_are_inverters_unless_asked_otherwise(portal, types, kinds):
    devices = portal.get(f"/v2/sites/{DENVER_SITE}/devices", types=types).json()
    assert [device["type"] for device in devices] == kinds


def test_inverters_share_what_the_meter_counts(portal):
    first, second = portal.values(DENVER_SITE, "inverters", "power").values()
    (meter,) = portal.values(DENVER_SITE, "meters", "productionPower").values()
    for a, b, total in zip(first, second, meter, strict=True):
        if None not in (a, b, total):
            assert (a, b) == (pytest.approx(total * 0.6), pytest.approx(total * 0.4))


@pytest.mark.parametrize(("site_id", "watts"), [(DENVER_SITE, 1), (BERLIN_SITE, 1000)])
def test_energy_is_power_times_a_quarter_hour(portal, site_id, watts):
    power = portal.values(site_id, "inverters", "power")
    energy = portal.values(site_id, "inverters", "energy")
    for device, values in power.items():
        expected = [None if value is None else pytest.approx(value * watts / 4) for value in values]
        assert energy[device] == expected


def test_a_few_values_are_null_and_never_move(portal):
    spans = [(NOW - timedelta(hours=12 * n), NOW - timedelta(hours=12 * (n - 1))) for n in range(1, 21)]
    windows = [{"from": begin.isoformat(), "to": end.isoformat()} for begin, end in spans]
    forwards = [portal.values(DENVER_SITE, "inverters", "energy", **window) for window in windows]
    backwards = [portal.values(DENVER_SITE, "inverters", "energy", **window) for window in reversed(windows)]
    assert forwards == backwards[::-1]
    nulls = sum(values.count(None) for part in forwards for values in part.values())
    assert 1 <= nulls <= 40


def test_the_running_interval_holds_what_came_so_far(portal):
    query = {"from": "2026-11-20T11:45:00Z", "to": "2026-11-20T13:00:00Z"}
    points = portal.get(f"/v2/sites/{DENVER_SITE}/power", **query).json()["values"]
    assert [point["timestamp"] for point in points] == ["2026-11-20T04:45:00-07:00", "2026-11-20T05:00:00-07:00"]


def test_a_restatement_changes_one_value(portal):
    window = {"from": "2026-11-18T18:00:00Z", "to": "2026-11-19T06:00:00Z"}
    before = portal.values(DENVER_SITE, "inverters", "energy", **window)
    serial = next(iter(before))
    query = {"site_id": DENVER_SITE, "serial": serial}
    changed = requests.post(f"{portal.url}/_control/restate", params=query, timeout=2).json()
    after = portal.values(DENVER_SITE, "inverters", "energy", **window)
    different = [n for n, pair in enumerate(zip(before[serial], after[serial], strict=True)) if pair[0] != pair[1]]
    assert different == [24]
    assert changed["interval_start"] == "2026-11-19T00:00:00+00:00"
    assert after[serial][24] == pytest.approx(changed["after_w"] / 4)


def test_the_minute_limit_names_a_wait():
    clock = Clock(NOW, is_frozen=True)
    with running(create_app(clock=clock, calls_per_minute=2)) as url:
        answers = [Portal(url).get("/v2/sites") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["x-ratelimit-remaining-minute"] == "0"
        assert answers[2].headers["retry-after"] == "60"
        clock.move_to(NOW + timedelta(seconds=60))
        assert Portal(url).get("/v2/sites").status_code == 200


def test_used_up_credits_name_no_wait():
    clock = Clock(NOW, is_frozen=True)
    with running(create_app(clock=clock, credits_per_month=1)) as url:
        answers = [Portal(url).get("/v2/sites") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert int(answers[1].headers["x-ratelimit-remaining-minute"]) > 0
        assert "retry-after" not in answers[1].headers
        requests.post(f"{url}/_control/clock", params={"now": "2026-12-01T00:00:00+00:00"}, timeout=2)
        assert Portal(url).get("/v2/sites").status_code == 200


def test_the_clock_runs_unless_frozen():
    assert Clock(NOW)() >= NOW
    assert Clock(NOW, is_frozen=True)() == NOW
