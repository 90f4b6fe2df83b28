"""The adapter against the simulator, over real HTTP."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import requests

from include.core import errors
from include.core.records import Site, Window
from include.security.tokens import Remembered
from include.sources.inverters import sma
from include.sources.inverters.base import Settings
from simulators.plant import power_w
from simulators.server import Clock, running
from simulators.sma import create_app, environment
from simulators.sma_plants import BERLIN_PLANT, DENVER_PLANT, OWNER

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
BERLIN = Site(1, "sma", BERLIN_PLANT, "Berlin", "Europe/Berlin")
DENVER = Site(1, "sma", DENVER_PLANT, "Denver", "America/Denver")
QUARTER, FIVE = timedelta(minutes=15), timedelta(minutes=5)


class Portal:
    """A running simulator with its clock; sleeping moves the clock."""

    def __init__(self, url: str, app, clock: Clock) -> None:
        self.url, self.clock = url, clock
        self.authority, self.consents = app.state.authority, app.state.consents
        self.naps_s: list[float] = []

    def settings(self) -> Settings:
        options = {name.removeprefix("SMA_").lower(): value for name, value in environment(self.url).items()}
        return Settings(options.pop("base_url"), options, sleep=self.sleep, clock=self.clock)

    def sleep(self, seconds: float) -> None:
        self.naps_s.append(seconds)
        self.clock.move_to(self.clock() + timedelta(seconds=seconds))

    def connect(self, **secret: str):
        """An account with fresh tokens of the owner, unless a secret is given."""
        if not secret:
            issued = self.authority.issue()
            secret = {name: issued[name] for name in ("access_token", "refresh_token")}
        self.keeper = Remembered(secret, now=self.clock)
        return sma.connect(self.keeper, self.settings())

    def control(self, path: str, **query: str | int) -> dict:
        return requests.post(f"{self.url}/_control/{path}", params=query, timeout=10).json()

    def fault(self, **fault) -> None:
        requests.post(f"{self.url}/_control/faults", json=[fault], timeout=10)

    def asked(self) -> list[dict]:
        return requests.get(f"{self.url}/_control/requests", timeout=10).json()


@pytest.fixture
def start():
    """Start a portal with the given limits."""
    stack = []

    def begin(now: datetime = NOW, **limits) -> Portal:
        clock = Clock(now, is_frozen=True)
        app = create_app(clock=clock, **limits)
        stack.append(running(app))
        return Portal(stack[-1].__enter__(), app, clock)

    yield begin
    for context in stack:
        context.__exit__(None, None, None)


@pytest.fixture
def portal(start):
    return start()


def readings(account, site: Site, window: Window) -> list[dict]:
    answers = account.fetch(site, window)
    return [row for answer in answers for row in sma.parse(answer.body, answer.request, site)]


def local_day(site: Site, on: date) -> Window:
    bounds = [datetime.combine(day, datetime.min.time(), ZoneInfo(site.time_zone)) for day in (on, on + timedelta(1))]
    return Window(*(bound.astimezone(UTC) for bound in bounds))


def test_plants_and_devices_are_found(portal):
    account = portal.connect()
    found = {site.external_site_id: site for site in account.sites()}
    assert [(s.time_zone, s.dc_capacity_w) for s in found.values()] == [
        ("America/Denver", 6000),
        ("Europe/Berlin", 10800),
    ]
    assert found[BERLIN_PLANT].latitude == 52.53
    devices = [(d.external_device_id, d.kind, d.rated_power_w) for d in account.devices(DENVER_PLANT)]
    assert devices == [
        ("9912010", "inverter", 3000),
        ("9912011", "inverter", 3800),
        ("9912012", "inverter", 2500),
        ("9912015", "sensor", None),
    ]
    assert [d.kind for d in account.devices(BERLIN_PLANT)] == ["inverter", "sensor", "battery"]


def test_a_day_agrees_with_the_plant_slot_by_slot(portal):
    rows = readings(portal.connect(), BERLIN, local_day(BERLIN, date(2026, 11, 19)))
    inverter = [row for row in rows if row["external_device_id"] == "9912021"]
    starts = [row["interval_start"] for row in inverter]
    assert starts == [starts[0] + n * FIVE for n in range(len(starts))]
    zone = ZoneInfo("Europe/Berlin")
    measured = [row for row in inverter if row["quality"] == "measured"]
    for row in measured:
        expected = max(power_w(zone, row["interval_start"]), Decimal(0)) * Decimal("1.8") / 12
        assert row["energy_wh"] == pytest.approx(float(expected), abs=0.001)
        assert row["power_w"] is None
    missing = [row for row in inverter if row["quality"] == "missing"]
    assert 0 < len(missing) < len(measured) / 20
    assert all(row["energy_wh"] is None for row in missing)


def test_a_sensor_delivers_weather_day_and_night(portal):
    rows = readings(portal.connect(), replace(BERLIN, series=("sensors",)), local_day(BERLIN, date(2026, 11, 19)))
    assert len(rows) == 288 and {row["external_device_id"] for row in rows} == {"9912025"}
    noon = next(row for row in rows if row["interval_start"] == datetime(2026, 11, 19, 11, 0, tzinfo=UTC))
    roof_w = float(power_w(ZoneInfo("Europe/Berlin"), noon["interval_start"]))
    assert noon["irradiance_wm2"] == pytest.approx(roof_w / 4.2, abs=0.001)
    assert noon["temperature_c"] == pytest.approx(8 + roof_w / 4.2 / 60, abs=0.001)
    assert '"module_temperature_c"' in noon["other_metrics"] and '"wind_speed_ms"' in noon["other_metrics"]


@pytest.mark.parametrize(("series", "column"), [("device_energy", "energy_wh"), ("device_power", "power_w")])
def test_the_query_decides_between_energy_and_power(portal, series, column):
    site = replace(DENVER, series=(series,))
    rows = [
        r for r in readings(portal.connect(), site, local_day(DENVER, date(2026, 11, 19))) if r["quality"] == "measured"
    ]
    assert rows and all(row[column] is not None for row in rows)
    top = max(rows, key=lambda row: row[column])
    roof_w = float(power_w(ZoneInfo("America/Denver"), top["interval_start"])) * 0.6
    assert top[column] == pytest.approx(roof_w / 4 if series == "device_energy" else roof_w, abs=0.001)


def test_energy_and_power_of_the_same_interval_agree(portal):
    account, window = portal.connect(), local_day(DENVER, date(2026, 11, 19))
    found = {}
    for series in ("device_energy", "device_power", "device_ac"):
        for row in readings(account, replace(DENVER, series=(series,)), window):
            if row["quality"] == "measured":
                found.setdefault((row["external_device_id"], row["interval_start"]), {})[series] = row
    complete = [rows for rows in found.values() if len(rows) == 3]
    assert len(complete) > 60
    for rows in complete:
        assert rows["device_energy"]["energy_wh"] == pytest.approx(rows["device_power"]["power_w"] / 4, abs=0.001)
        assert rows["device_ac"]["power_w"] == rows["device_power"]["power_w"]


@pytest.mark.parametrize(("on", "intervals"), [(date(2026, 3, 29), 276), (date(2026, 10, 25), 300)])
def test_days_when_clocks_change_have_every_interval_once(portal, on, intervals):
    window = local_day(BERLIN, on)
    rows = readings(portal.connect(), replace(BERLIN, series=("plant", "sensors")), window)
    for device in (f"site:{BERLIN_PLANT}:energy_balance", "9912025"):
        starts = [row["interval_start"] for row in rows if row["external_device_id"] == device]
        assert starts == [window.start + n * FIVE for n in range(intervals)]
    assert {row["quality"] for row in rows} == {"measured"}


@pytest.mark.parametrize(("on", "intervals"), [(date(2026, 3, 8), 92), (date(2026, 11, 1), 100)])
def test_quarter_hours_are_complete_on_both_days_in_denver(portal, on, intervals):
    rows = readings(portal.connect(), replace(DENVER, series=("sensors",)), local_day(DENVER, on))
    assert len({row["interval_start"] for row in rows}) == len(rows) == intervals


def test_a_window_across_midnight_asks_two_days_and_doubles_nothing(portal):
    midnight = datetime(2026, 11, 18, 23, 0, tzinfo=UTC)
    account = portal.connect()
    answers = list(account.fetch(replace(BERLIN, series=("sensors",)), Window(midnight - FIVE, midnight + FIVE)))
    assert [answer.request["query"]["Date"] for answer in answers] == ["2026-11-18", "2026-11-19"]
    rows = [row for answer in answers for row in sma.parse(answer.body, answer.request, BERLIN)]
    starts = [row["interval_start"] for row in rows]
    assert len(starts) == len(set(starts)) == 2 * 288
    assert midnight - FIVE in starts and midnight in starts
    assert len(list(account.fetch(replace(BERLIN, series=("sensors",)), Window(midnight - FIVE, midnight)))) == 1


def test_only_devices_that_can_deliver_are_asked(portal):
    answers = list(portal.connect().fetch(DENVER, local_day(DENVER, date(2026, 11, 19))))
    asked = [answer.request["path"].split("/")[2] for answer in answers]
    assert asked == ["9912011", "9912012", "9912015"]
    last_day = list(portal.connect().fetch(DENVER, local_day(DENVER, date(2025, 2, 11))))
    assert next(answer.request["path"].split("/")[2] for answer in last_day) == "9912010"


def test_intervals_that_are_not_settled_are_left_for_later(portal):
    window = Window(NOW - timedelta(hours=3), NOW)
    account, site = portal.connect(), replace(BERLIN, series=("sensors",))
    [answer] = account.fetch(site, window)
    rows = list(sma.parse(answer.body, answer.request, site))
    assert b'"2026-11-20T13:05:00"' in answer.body
    assert max(row["interval_start"] for row in rows) == datetime(2026, 11, 20, 11, 55, tzinfo=UTC)
    assert answer.request["closed_until"] == "2026-11-20T12:00:00+00:00"


def test_the_same_bytes_are_new_content_until_all_their_intervals_are_settled(start):
    dusk = next(
        at for n in range(200)
        if power_w(ZoneInfo("Europe/Berlin"), at := datetime(2026, 11, 20, 12, tzinfo=UTC) + n * QUARTER) <= 0
    )  # fmt: skip
    portal = start(dusk + QUARTER + timedelta(minutes=2))
    account, site = portal.connect(), replace(BERLIN, series=("device_energy",))
    [early] = account.fetch(site, Window(portal.clock() - FIVE, portal.clock()))
    portal.sleep(600)
    [late] = account.fetch(site, Window(portal.clock() - FIVE, portal.clock()))
    assert early.body == late.body
    assert early.request["closed_until"] and "closed_until" not in late.request
    rows = [list(sma.parse(answer.body, answer.request, site)) for answer in (early, late)]
    assert len(rows[1]) == len(rows[0]) + 1


def test_a_token_that_ends_in_mid_run_is_renewed_once_and_the_new_pair_is_kept(portal):
    account = portal.connect()
    first = dict(portal.keeper.secret)
    answers = account.fetch(BERLIN, Window(NOW - timedelta(days=2), NOW))
    next(answers)
    renewed = dict(portal.keeper.secret)
    portal.sleep(301)
    rest = list(answers)
    assert rest and portal.authority.calls == {"refresh_token": 2}
    tokens = [secret["refresh_token"] for secret in (first, renewed, portal.keeper.secret)]
    assert len(set(tokens)) == 3
    assert datetime.fromisoformat(portal.keeper.secret["expires_at"]) == portal.clock() + timedelta(seconds=300)


def test_c8_a_token_refused_early_is_replaced_once(portal):
    account = portal.connect()
    list(account.sites())
    portal.authority.expire()
    assert len(list(account.sites())) == 2
    assert portal.authority.calls == {"refresh_token": 2}


def test_c8_an_endless_refusal_ends_after_one_renewal(portal):
    account = portal.connect()
    portal.fault(path="/plants", times=99, status=401)
    with pytest.raises(errors.AuthFailed):
        list(account.sites())
    assert sum("/plants" in request["path"] for request in portal.asked()) == 2


def test_a_revoked_account_must_be_connected_again(portal):
    account = portal.connect()
    portal.authority.revoke()
    with pytest.raises(errors.ReauthRequired):
        list(account.sites())


def test_an_owner_who_consented_is_read_with_tokens_of_our_application(portal):
    account = portal.connect(login_hint=OWNER)
    assert len(list(account.sites())) == 2
    portal.sleep(301)
    assert len(list(account.sites())) == 2
    assert portal.authority.calls == {"client_credentials": 2}
    assert portal.keeper.secret["login_hint"] == OWNER and "refresh_token" not in portal.keeper.secret


def test_an_empty_plant_list_means_that_consent_is_missing(portal):
    account = portal.connect(login_hint=OWNER)
    list(account.sites())
    portal.consents.put(OWNER, "Revoked")
    with pytest.raises(errors.ConsentLost, match="consent"):
        list(account.sites())
    with pytest.raises(errors.ConsentLost):
        list(account.fetch(BERLIN, Window(NOW - FIVE, NOW)))


def test_a_plant_that_is_refused_though_others_are_seen_is_no_lost_consent(portal):
    portal.fault(path="/devices", times=1, status=403)
    with pytest.raises(errors.SiteForbidden):
        list(portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    with pytest.raises(errors.SiteGone):
        list(portal.connect().fetch(replace(BERLIN, external_site_id="1"), Window(NOW - FIVE, NOW)))


def test_a_migrated_plant_tells_its_new_ids(portal):
    portal.control("migrate", plant_id=BERLIN_PLANT)
    site = replace(BERLIN, devices=("9912021", f"site:{BERLIN_PLANT}:energy_balance", "9912099"))
    account = portal.connect()
    with pytest.raises(errors.SiteMoved) as caught:
        list(account.fetch(site, Window(NOW - FIVE, NOW)))
    assert caught.value.external_site_id == "77" + BERLIN_PLANT
    assert caught.value.devices == {
        "9912021": "779912021",
        f"site:{BERLIN_PLANT}:energy_balance": f"site:77{BERLIN_PLANT}:energy_balance",
    }
    moved = replace(site, external_site_id=caught.value.external_site_id)
    rows = readings(account, moved, Window(NOW - FIVE, NOW))
    assert {row["external_device_id"] for row in rows} == {"779912021", "779912025"}


def test_a_device_that_moved_alone_is_named_too(portal):
    new = "/monitoring/v1/devices/9912025/measurements/sets/Sensor/Day"
    path = "/devices/9912021/measurements/sets/EnergyAndPowerPv"
    portal.fault(path=path, times=1, status=308, headers={"location": f"{portal.url}{new}?Date=2026-11-20"})
    with pytest.raises(errors.SiteMoved) as caught:
        list(portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    assert (caught.value.external_site_id, caught.value.devices) == (BERLIN_PLANT, {})


def test_c13_a_migration_to_a_strange_host_is_not_followed(portal):
    portal.fault(path="/plants", times=1, status=308, headers={"location": "http://127.0.0.1:9/v1/plants"})
    with pytest.raises(errors.HostRefused):
        list(portal.connect().sites())


def test_c1_a_429_without_retry_after_waits_a_minute_then_leaves_the_rest_to_the_scheduler(start):
    portal = start(calls_per_5_minutes=1)
    account = portal.connect()
    list(account.sites())
    with pytest.raises(errors.RateLimited) as caught:
        list(account.sites())
    assert len(portal.naps_s) == 1 and 60 <= portal.naps_s[0] <= 76
    pause_s = (caught.value.retry_at - portal.clock()).total_seconds()
    assert 120 <= pause_s <= 150
    portal.sleep(pause_s + 300)
    assert len(list(account.sites())) == 2


def test_a_device_without_the_set_is_passed_over(portal):
    path = "/devices/9912021/measurements/sets"
    portal.fault(path=f"{path}/EnergyAndPowerPv", times=1, status=400)
    with pytest.raises(errors.BadRequest):
        list(portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    portal.fault(path=f"{path}/EnergyAndPowerPv", times=1, status=404)
    portal.fault(path=path, times=1, status=200, body='{"sets": ["PowerDc"]}')
    answers = list(portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    assert [answer.request["path"].split("/")[2] for answer in answers] == ["9912025"]


@pytest.mark.parametrize("cut_after", [0, 1, 40, 400])
def test_c4_an_answer_cut_short_is_asked_for_again(portal, cut_after):
    whole = readings(portal.connect(), BERLIN, Window(NOW - FIVE, NOW))
    portal.fault(path="/EnergyAndPowerPv/Day", times=1, cut_after=cut_after)
    assert readings(portal.connect(), BERLIN, Window(NOW - FIVE, NOW)) == whole


def test_c5_a_page_instead_of_data_is_no_reading(portal):
    portal.fault(path="/Day", times=99, status=200, headers={"content-type": "text/html"}, body="<html>Login</html>")
    with pytest.raises(errors.AuthOrGateway):
        list(portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))


def test_c6_an_error_object_in_a_200_is_an_error(portal):
    portal.fault(path="/Day", times=1, status=200, body='{"status": 403, "title": "Forbidden"}')
    with pytest.raises(errors.SiteForbidden):
        list(portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))


def test_c15_a_restated_value_is_read_again(portal):
    account, window = portal.connect(), Window(NOW - timedelta(hours=25), NOW - timedelta(hours=23))
    before = readings(account, BERLIN, window)
    changed = portal.control("restate", device_id="9912021", hours_back=24)
    after = readings(account, BERLIN, window)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [row["interval_start"].isoformat() for row in differing] == [changed["interval_start"]]


def test_a_spike_is_delivered_as_it_came(portal):
    changed = portal.control("spike", device_id="9912021", hours_back=3)
    rows = readings(portal.connect(), BERLIN, Window(NOW - timedelta(hours=4), NOW))
    [spike] = [
        row for row in rows if row["interval_start"].isoformat() == changed["interval_start"] and row["energy_wh"]
    ]
    assert (spike["energy_wh"], spike["quality"]) == (165_763, "measured")
