"""The SMA simulator speaks the vendor's protocol."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from simulators.server import Clock
from simulators.sma import BASE, create_app, environment
from simulators.sma_plants import BERLIN_PLANT, DENVER_PLANT, OWNER

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)


@pytest.fixture
def app():
    return create_app(clock=Clock(NOW, is_frozen=True))


@pytest.fixture
def portal(app):
    client = TestClient(app, follow_redirects=False)
    client.headers["authorization"] = f"Bearer {app.state.authority.issue()['access_token']}"
    return client


def day(portal, path, **query):
    return portal.get(f"{BASE}{path}", params=query).json()


def test_calls_without_a_live_token_are_refused(app, portal):
    assert TestClient(app).get(f"{BASE}/plants").status_code == 401
    assert portal.get(f"{BASE}/plants").status_code == 200
    portal.post("/_control/clock", params={"now": (NOW + timedelta(seconds=300)).isoformat()})
    assert portal.get(f"{BASE}/plants").status_code == 401


def test_tokens_are_those_of_the_vendor(portal):
    settings = environment("http://sim")
    form = {
        "grant_type": "client_credentials",
        "client_id": settings["SMA_CLIENT_ID"],
        "client_secret": settings["SMA_CLIENT_SECRET"],
    }
    answer = portal.post("/oauth2/token", data=form).json()
    assert (answer["expires_in"], answer["refresh_expires_in"], answer["token_type"]) == (300, 0, "Bearer")
    assert portal.post("/oauth2/token", data=form | {"client_secret": "x"}).json()["error"] == "invalid_client"


def test_every_listed_path_answers(portal):
    plant, inverter, sensor = f"/plants/{BERLIN_PLANT}", "/devices/9912021", "/devices/9912025"
    for path in (
        "/plants",
        plant,
        *(f"{plant}/{part}" for part in ("installation", "location", "status", "devices", "devices/lean")),
        *(f"{plant}/measurements/sets/EnergyBalance/{period}" for period in ("Recent", "Day", "Week", "Month", "Year")),
        f"{plant}/measurements/sets",
        inverter,
        f"{inverter}/lean",
        f"{inverter}/measurements/sets",
        f"{inverter}/measurements/sets/EnergyAndPowerPv/Day",
        f"{inverter}/measurements/sets/PowerAc/Recent",
        f"{sensor}/measurements/sets/Sensor/Total",
    ):
        assert portal.get(BASE + path).status_code == 200, path
    assert portal.get(f"{BASE}/plants/1").status_code == 404
    assert portal.get(f"{BASE}{sensor}/measurements/sets/PowerAc/Day").status_code == 400
    assert portal.get(f"{BASE}{inverter}/measurements/sets/PowerAc/Day", params={"Date": "x"}).status_code == 400


def test_names_of_parameters_and_periods_may_be_written_small(portal):
    path = "/devices/9912021/measurements/sets/EnergyAndPowerPv"
    usual = day(portal, f"{path}/Day", Date="2026-11-19", ReturnEnergyValues="true")
    assert day(portal, f"{path}/day", date="2026-11-19", returnenergyvalues="True") == usual
    assert portal.get(f"/v1{path}/day", params={"date": "2026-11-19", "returnEnergyValues": "true"}).json() == usual


def test_a_plant_comes_with_what_was_asked_for(portal):
    bare = day(portal, "/plants")["plants"][0]
    assert bare == {"plantId": DENVER_PLANT, "name": "Prospect Street Depot", "timezone": "America/Denver"}
    full = day(portal, "/plants", WithInstallation="true", WithLocation="true")["plants"][0]
    assert full["installation"]["peakPower"] == 6000 and full["location"]["address"]["latitude"] == 39.74


def test_deactivated_devices_come_only_when_asked_for(portal):
    path = f"/plants/{DENVER_PLANT}/devices"
    assert len(day(portal, path)["devices"]) == 4
    retired = day(portal, path, WithDeactivatedDevices="true")["devices"][0]
    assert (retired["isActive"], retired["deactivatedAt"]) == (False, "2025-02-11T09:30:00")


def test_a_day_ends_with_the_label_of_the_next_date(portal):
    found = day(portal, f"/plants/{BERLIN_PLANT}/measurements/sets/EnergyBalance/Day", Date="2026-11-19")
    labels = [point["time"] for point in found["set"]]
    assert (found["setType"], found["resolution"], len(labels)) == ("EnergyBalance", "FiveMinutes", 288)
    assert (labels[0], labels[-1]) == ("2026-11-19T00:05:00", "2026-11-20T00:00:00")


@pytest.mark.parametrize(("date", "count", "in_hour_two"), [("2026-03-29", 276, 0), ("2026-10-25", 300, 24)])
def test_local_labels_skip_and_repeat_an_hour(portal, date, count, in_hour_two):
    found = day(portal, "/devices/9912025/measurements/sets/Sensor/Day", Date=date)
    labels = [point["time"] for point in found["set"]]
    assert len(labels) == count
    assert sum(label.startswith(f"{date}T02:") for label in labels) == in_hour_two


def test_rows_and_fields_are_left_out_and_never_null(portal):
    labels, bare, expected = 0, 0, 0
    for number in range(1, 19):
        found = day(portal, "/devices/9912021/measurements/sets/EnergyAndPowerPv/Day", Date=f"2026-11-{number:02d}")[
            "set"
        ]
        times = [datetime.fromisoformat(point["time"]) for point in found]
        expected += (times[-1] - times[0]) // timedelta(minutes=5) + 1
        labels += len(times)
        bare += sum("pvGeneration" not in point for point in found)
        assert None not in [point.get("pvGeneration", 0) for point in found]
        assert times[0].hour >= 5 and times[-1].hour <= 19
    assert 0 < expected - labels < expected / 50
    assert 0 < bare < expected / 50


def test_the_parameter_turns_power_into_energy(portal):
    path = "/devices/9912021/measurements/sets/EnergyAndPowerPv/Day"
    power, energy = (day(portal, path, Date="2026-11-19", ReturnEnergyValues=word)["set"] for word in ("false", "true"))
    pairs = [(p["pvGeneration"], e["pvGeneration"]) for p, e in zip(power, energy, strict=True) if "pvGeneration" in p]
    assert any(watts > 1000 for watts, _ in pairs)
    assert all(watt_hours == pytest.approx(watts / 12, abs=0.001) for watts, watt_hours in pairs)


def test_too_many_calls_are_refused_without_a_hint(app):
    app = create_app(clock=Clock(NOW, is_frozen=True), calls_per_5_minutes=2)
    client = TestClient(app, headers={"authorization": f"Bearer {app.state.authority.issue()['access_token']}"})
    answers = [client.get(f"{BASE}/plants") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "retry-after" not in answers[2].headers and answers[2].content == b""


def test_a_migrated_plant_points_to_its_new_ids(portal):
    portal.post("/_control/migrate", params={"plant_id": BERLIN_PLANT})
    moved = portal.get(f"{BASE}/devices/9912021/measurements/sets/PowerAc/Day", params={"Date": "2026-11-19"})
    assert (moved.status_code, moved.content) == (308, b"")
    assert moved.headers["location"] == f"{BASE}/devices/779912021/measurements/sets/PowerAc/Day?Date=2026-11-19"
    assert portal.get(f"{BASE}/plants/{BERLIN_PLANT}").headers["location"] == f"{BASE}/plants/77{BERLIN_PLANT}"
    assert [plant["plantId"] for plant in day(portal, "/plants")["plants"]] == [DENVER_PLANT, f"77{BERLIN_PLANT}"]


def test_without_consent_the_plant_list_is_empty(app):
    client = TestClient(app)
    client.headers["authorization"] = f"Bearer {app.state.authority.issue(kind='client_credentials')['access_token']}"
    assert len(client.get(f"{BASE}/plants").json()["plants"]) == 2
    told = client.put(f"/oauth2/v2/bc-authorize/{OWNER}/status", json="revoked").json()
    assert told["state"] == "Revoked"
    assert client.get(f"{BASE}/plants").json() == {"plants": []}
    assert client.put("/oauth2/v2/bc-authorize/x@example.com/status", json="accepted").status_code == 404
