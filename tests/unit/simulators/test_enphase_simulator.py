from datetime import UTC, datetime, timedelta

import pytest
import requests

from simulators.enphase import DEMO_KEY, DEMO_PASSWORD, DEMO_USER, create_app
from simulators.enphase_plants import BERLIN_SYSTEM, DENVER_SYSTEM, FORBIDDEN_SYSTEM, PLANTS
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.plant import power_w
from simulators.server import Clock, running

NOW = datetime(2026, 6, 10, 12, 7, tzinfo=UTC)
NOON = int(datetime(2026, 6, 9, 18, tzinfo=UTC).timestamp())
US = (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)


class Portal:
    """Calls a running simulator with the demo key and an installer's token."""

    def __init__(self, url):
        self.url = url
        self.token = self.tokens(grant_type="password", username=DEMO_USER, password=DEMO_PASSWORD).json()

    def tokens(self, in_form=False, client=US, **fields):
        where = {"data": fields} if in_form else {"params": fields}
        return requests.post(f"{self.url}/oauth/token", auth=client, timeout=5, **where)

    def get(self, path, headers=None, **query):
        given = {"Authorization": f"Bearer {self.token['access_token']}", "key": DEMO_KEY}
        url = f"{self.url}/api/v4/systems{path}"
        return requests.get(url, params=query, headers=given if headers is None else headers, timeout=5)

    def intervals(self, path, **query):
        return self.get(path, **query).json()["intervals"]


@pytest.fixture(scope="module")
def portal():
    with running(create_app(seed=7, clock=Clock(NOW, is_frozen=True), calls_per_minute=10_000)) as url:
        yield Portal(url)


@pytest.mark.parametrize(
    ("headers", "details"),
    [
        ({}, "User is not authorized"),
        ({"key": DEMO_KEY}, "User is not authorized"),
        ({"key": DEMO_KEY, "Authorization": "Bearer wrong"}, "User is not authorized"),
    ],
)
def test_token_and_key_are_both_needed(portal, headers, details):
    answer = portal.get("", headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["details"]) == (401, 401, details)
    bearer = {"Authorization": f"Bearer {portal.token['access_token']}"}
    assert portal.get("", headers=bearer).status_code == 401
    assert portal.get("", headers=bearer, key=DEMO_KEY).status_code == 200
    assert portal.get("", headers=bearer, key="other").json()["details"] == "API Key -Client mismatch"


def test_a_token_answer_is_complete_and_rotates(portal):
    first = portal.tokens(grant_type="password", username=DEMO_USER, password=DEMO_PASSWORD).json()
    assert {"access_token", "refresh_token", "expires_in", "scope", "enl_uid", "app_type", "jti"} <= set(first)
    assert first["expires_in"] == 86393
    second = portal.tokens(in_form=True, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = portal.tokens(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert portal.tokens(grant_type="refresh_token", client=("x", "y")).status_code == 401


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (f"/{FORBIDDEN_SYSTEM}", {}, 403),
        ("/1", {}, 404),
        (f"/{DENVER_SYSTEM}/nothing", {}, 501),
        (f"/{DENVER_SYSTEM}/rgm_stats", {"start_at": "x"}, 422),
        (f"/{DENVER_SYSTEM}/rgm_stats", {"start_at": NOON - 8 * 86400, "end_at": NOON}, 422),
        (f"/{DENVER_SYSTEM}/telemetry/production_micro", {"start_at": NOON, "granularity": "hour"}, 422),
        (f"/{DENVER_SYSTEM}/telemetry/production_micro", {"start_at": NOON + 7 * 86400}, 422),
        (f"/{DENVER_SYSTEM}/telemetry/production_micro", {"start_at": NOON - 800 * 86400}, 422),
        (f"/{BERLIN_SYSTEM}/telemetry/production_micro", {"start_at": 1735689600}, 422),
    ],
)
def test_refusals_have_the_vendors_form(portal, path, query, status):
    answer = portal.get(path, **query)
    assert answer.status_code == status
    told = answer.json()
    assert told.get("code", int(told.get("reason", 0))) == status


def test_systems_are_paged_and_carry_placeholders(portal):
    pages = [portal.get("", page=page, size=1).json() for page in (1, 2, 3)]
    assert [[system["system_id"] for system in page["systems"]] for page in pages] == [
        [DENVER_SYSTEM],
        [BERLIN_SYSTEM],
        [],
    ]
    assert [(page["total"], page["count"]) for page in pages] == [(2, 1), (2, 1), (2, 0)]
    assert pages[0]["systems"][0]["system_size"] == -1
    assert portal.get("").json()["size"] == 10


@pytest.mark.parametrize(("granularity", "count"), [("5mins", 1), ("15mins", 3), ("day", 288), ("week", 2016)])
def test_granularity_is_the_length_of_the_window(portal, granularity, count):
    start = NOON - 8 * 86400
    found = portal.intervals(f"/{DENVER_SYSTEM}/telemetry/production_micro", start_at=start, granularity=granularity)
    assert len(found) == pytest.approx(count, rel=0.02)
    assert all(start < point["end_at"] <= start + count * 300 and point["end_at"] % 300 == 0 for point in found)


def test_a_day_without_start_begins_at_the_sites_midnight(portal):
    found = portal.get(f"/{BERLIN_SYSTEM}/telemetry/production_meter").json()
    assert found["start_at"] == int(datetime(2026, 6, 9, 22, tzinfo=UTC).timestamp())
    assert found["end_at"] == int(NOW.timestamp())
    assert found["intervals"][-1]["end_at"] == int(datetime(2026, 6, 10, 12, tzinfo=UTC).timestamp())
    dated = portal.get(f"/{BERLIN_SYSTEM}/telemetry/production_meter", start_date="2026-06-09").json()
    assert (dated["start_date"], len(dated["intervals"])) == ("2026-06-09", 96)


def test_every_view_of_a_quarter_hour_agrees_with_the_recorded_roof(portal):
    plant, root = PLANTS[DENVER_SYSTEM], f"/{DENVER_SYSTEM}"
    meter = {p["end_at"]: p["wh_del"] for p in portal.intervals(f"{root}/telemetry/production_meter", start_at=NOON)}
    rgm = portal.get(f"{root}/rgm_stats", start_at=NOON, end_at=NOON + 3600).json()
    micros = portal.intervals(f"{root}/telemetry/production_micro", start_at=NOON)
    for end, energy in list(meter.items())[:4]:
        start = datetime.fromtimestamp(end, tz=UTC) - timedelta(minutes=15)
        assert energy == pytest.approx(float(power_w(plant.zone, start)) / 4, abs=0.51)
        assert sum(p["wh_del"] for p in rgm["meter_intervals"][0]["intervals"] if p["end_at"] == end) == energy
        thirds = [p for p in micros if end - 900 < p["end_at"] <= end]
        if len(thirds) == 3 and {p["devices_reporting"] for p in thirds} == {18}:
            assert sum(p["enwh"] for p in thirds) == energy
    assert sum(meter.values()) > 1000
    assert all(point["powr"] == point["enwh"] * 12 for point in micros)


def test_import_is_a_list_of_lists(portal):
    found = portal.intervals(f"/{DENVER_SYSTEM}/energy_import_telemetry", start_at=NOON)
    assert [set(point) for point in found[0][:2]] == [{"end_at", "wh_imported"}] * 2
    assert portal.intervals(f"/{BERLIN_SYSTEM}/energy_import_telemetry", start_at=NOON) == [[]]


def test_a_silent_gateway_reports_later(portal):
    path, since = f"/{BERLIN_SYSTEM}/telemetry/production_meter", NOW - timedelta(hours=3)
    control = f"{portal.url}/_control/silence"
    requests.post(control, params={"system_id": BERLIN_SYSTEM, "since": since.isoformat()}, timeout=5)
    silent = portal.get(path).json()
    assert silent["meta"]["last_report_at"] == int(since.timestamp())
    assert silent["meta"]["status"] == "comm"
    requests.post(control, params={"system_id": BERLIN_SYSTEM}, timeout=5)
    assert len(portal.intervals(path)) - len(silent["intervals"]) == 12


def test_a_used_up_minute_names_its_end_and_no_header():
    with running(create_app(clock=Clock(NOW, is_frozen=True), calls_per_minute=1)) as url:
        portal = Portal(url)
        assert portal.get("").status_code == 200
        refused = portal.get("")
    assert (refused.status_code, refused.json()["period"]) == (429, "minute")
    assert refused.json()["period_end"] == int(NOW.timestamp()) + 60
    assert "retry-after" not in refused.headers


def test_a_refused_month_may_be_nameless():
    app = create_app(clock=Clock(NOW, is_frozen=True), calls_per_month=1)
    with running(app) as url:
        portal = Portal(url)
        portal.get("")
        named = portal.get("").json()
        app.state.quota.names_period = False
        nameless = portal.get("").json()
    assert (named["period"], named["period_end"]) == ("month", int(datetime(2026, 7, 1, tzinfo=UTC).timestamp()))
    assert "period" not in nameless


def test_an_owner_may_share_one_system():
    app = create_app(clock=Clock(NOW, is_frozen=True))
    with running(app) as url:
        portal = Portal(url)
        portal.token = app.state.authority.issue(str(BERLIN_SYSTEM))
        assert [system["system_id"] for system in portal.get("").json()["systems"]] == [BERLIN_SYSTEM]
        assert portal.get(f"/{DENVER_SYSTEM}").status_code == 403
