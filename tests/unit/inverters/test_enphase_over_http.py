"""The adapter against the simulator, over real HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from include.core import errors
from include.core.records import Site, Window
from include.security.tokens import Remembered
from include.sources.inverters import enphase
from include.sources.inverters.base import Settings
from simulators.enphase import DEMO_KEY, DEMO_PASSWORD, DEMO_USER, create_app
from simulators.enphase_plants import BERLIN_SYSTEM, DENVER_SYSTEM, FORBIDDEN_SYSTEM, PLANTS, Readings
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import Clock, running

NOW = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
FIVE = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
OPTIONS = {"api_key": DEMO_KEY, "client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET}
TRUTH = Readings(0, lambda: NOW)


class Portal:
    """A running simulator and its clock."""

    def __init__(self, url, app, clock):
        self.url, self.app, self.clock = url, app, clock
        self.authority = app.state.authority
        self.naps_s = []

    def sleep(self, seconds):
        self.naps_s.append(seconds)
        self.clock.move_to(self.clock() + timedelta(seconds=seconds))

    def secret(self):
        return enphase.GRANT.exchange(self.settings(), {"code": self.code()}, "https://sun.example/cb", None)

    def code(self):
        return self.authority.code("owner", {"redirect_uri": "https://sun.example/cb"})[0]

    def settings(self, **options):
        return Settings(base_url=self.url, options=OPTIONS | options, sleep=self.sleep, clock=self.clock)

    def connect(self, secret=None, **options):
        keeper = Remembered(secret or self.secret(), now=self.clock)
        return enphase.connect(keeper, self.settings(**options)), keeper

    def control(self, path, **query):
        return requests.post(f"{self.url}/_control/{path}", params=query, timeout=5).json()


def start(**limits):
    clock = Clock(NOW, is_frozen=True)
    app = create_app(clock=clock, **({"calls_per_minute": 10_000, "calls_per_month": 100_000} | limits))
    return app, clock


@pytest.fixture
def portal():
    app, clock = start()
    with running(app) as url:
        yield Portal(url, app, clock)


def site(system, *series):
    name = PLANTS[system].name if system in PLANTS else "unknown"
    return Site(1, "enphase", str(system), name, "UTC", series)


def readings(account, of, window):
    return [row for answer in account.fetch(of, window) for row in enphase.parse(answer.body, answer.request, of)]


def day_of(at, hours=24):
    return Window(at, at + timedelta(hours=hours))


@pytest.mark.parametrize("key_in", ["header", "query"])
def test_an_owner_connects_and_finds_systems_and_devices(portal, key_in):
    account, _ = portal.connect(key_in=key_in)
    found = {site.external_site_id: site for site in account.sites()}
    assert {name: site.time_zone for name, site in found.items()} == {
        str(DENVER_SYSTEM): "America/Denver",
        str(BERLIN_SYSTEM): "Europe/Berlin",
    }
    kinds = [device.kind for device in account.devices(str(BERLIN_SYSTEM))]
    assert kinds == ["site", "site", "meter"] + ["micro"] * 30
    assert account.site(str(BERLIN_SYSTEM)).name == "Remise Pankow"


def test_pages_of_one_system_are_followed():
    app, clock = start(largest_page=1)
    with running(app) as url:
        account, _ = Portal(url, app, clock).connect()
        assert [site.external_site_id for site in account.sites()] == [str(DENVER_SYSTEM), str(BERLIN_SYSTEM)]


def test_a_day_of_micros_agrees_with_the_plant_slot_by_slot(portal):
    plant, begin = PLANTS[DENVER_SYSTEM], datetime(2026, 11, 19, 7, tzinfo=UTC)
    rows = readings(portal.connect()[0], site(DENVER_SYSTEM), day_of(begin))
    assert [row["interval_start"] for row in rows] == [begin + n * FIVE for n in range(288)]
    for row in rows:
        at = row["interval_start"]
        if TRUTH.is_omitted(plant, at):
            assert (row["quality"], row["energy"]) == ("missing", None)
        elif TRUTH.is_partial(plant, at):
            assert (row["quality"], row["devices_reporting"]) == ("estimated", 15)
        else:
            assert (row["quality"], row["energy"]) == ("measured", TRUTH.micros_wh(plant, at))
            assert row["power"] == row["energy"] * 12
    assert {row["quality"] for row in rows} == {"measured", "estimated", "missing"}
    assert sum(row["energy"] or 0 for row in rows) > 1000


def test_meters_agree_with_the_plant_by_system_and_by_serial_number(portal):
    plant, begin = PLANTS[BERLIN_SYSTEM], datetime(2026, 11, 18, 23, tzinfo=UTC)
    series = ("production_meter", "rgm_stats")
    rows = readings(portal.connect()[0], site(BERLIN_SYSTEM, *series), day_of(begin))
    expected = [TRUTH.quarter_wh(plant, begin + n * QUARTER) for n in range(96)]
    for device in (f"site:{BERLIN_SYSTEM}:production_meter", plant.production_meter):
        found = [row for row in rows if row["external_device_id"] == device]
        assert [row["energy"] for row in found] == expected
        assert {row["quality"] for row in found} == {"measured"}
    assert sum(expected) > 1000


def test_grid_series_balance_with_production(portal):
    window = day_of(NOW - timedelta(hours=20), 12)
    series = ("production_meter", "consumption", "grid_import", "grid_export")
    rows = readings(portal.connect()[0], site(DENVER_SYSTEM, *series), window)
    made, used, taken, given = (
        sum(row[column] or 0 for row in rows) for column in ("energy", "consumption_wh", "import_wh", "export_wh")
    )
    assert made - given == used - taken
    assert min(used, taken) > 0


@pytest.mark.parametrize(
    ("begin", "hours"),
    [
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
    ],
)
def test_d2_d3_days_of_clock_changes_have_all_their_hours(portal, begin, hours):
    rows = readings(portal.connect()[0], site(BERLIN_SYSTEM), day_of(begin, hours))
    inside = [row["interval_start"] for row in rows if row["interval_start"] < begin + timedelta(hours=hours)]
    assert sorted(inside) == [begin + n * FIVE for n in range(hours * 12)]


def test_the_running_interval_is_left_for_later(portal):
    rows = readings(portal.connect()[0], site(DENVER_SYSTEM), Window(NOW - timedelta(hours=1, minutes=7), NOW))
    assert max(row["interval_start"] for row in rows) == datetime(2026, 11, 20, 11, 55, tzinfo=UTC)


def test_a_gateway_that_was_silent_for_hours_leaves_no_gap(portal):
    account, of = portal.connect()[0], site(DENVER_SYSTEM)
    begin, silent, back = (NOW.replace(minute=0) - timedelta(hours=h) for h in (30, 26, 12))
    portal.clock.move_to(back)
    portal.control("silence", system_id=DENVER_SYSTEM, since=silent.isoformat())
    first = readings(account, of, Window(begin, enphase.closed_until(back)))
    assert max(row["interval_start"] for row in first) == silent - FIVE
    portal.control("silence", system_id=DENVER_SYSTEM)
    portal.clock.move_to(NOW)
    mark = enphase.closed_until(back)
    second = readings(account, of, Window(mark - enphase.OVERLAP, enphase.closed_until(NOW)))
    starts = {row["interval_start"] for row in first + second}
    assert starts >= {begin + n * FIVE for n in range(30 * 12)}


def test_c15_a_restated_value_is_read_again(portal):
    account, of = portal.connect()[0], site(BERLIN_SYSTEM, "production_meter")
    window = day_of(NOW.replace(minute=0) - timedelta(hours=24), 20)
    before = readings(account, of, window)
    changed = portal.control("restate", system_id=BERLIN_SYSTEM, hours_back=22, factor="1.5")
    after = readings(account, of, window)
    differing = [(old["energy"], new["energy"]) for old, new in zip(before, after, strict=True) if old != new]
    assert differing == [(changed["before_wh"], changed["after_wh"])]


def test_c8_a_token_that_ends_in_mid_run_is_renewed_once(portal):
    account, keeper = portal.connect()
    of, window = site(DENVER_SYSTEM), day_of(NOW - timedelta(hours=60), 48)
    answers = account.fetch(of, window)
    next(answers)
    portal.authority.expire()
    assert len(list(answers)) == 1
    assert portal.authority.calls["refresh_token"] == 1
    assert keeper.secret["renewable_until"] == (NOW + timedelta(days=30)).isoformat()


def test_a_refresh_token_works_once_and_a_revoked_grant_needs_the_owner(portal):
    account, keeper = portal.connect()
    old = dict(keeper.secret)
    portal.authority.expire()
    list(account.sites())
    portal.authority.expire()
    with pytest.raises(errors.ReauthRequired):
        list(portal.connect(old)[0].sites())
    portal.authority.revoke()
    with pytest.raises(errors.ReauthRequired):
        list(account.sites())


def test_a_partner_connects_with_name_and_password(portal):
    account, keeper = portal.connect({"username": DEMO_USER, "password": DEMO_PASSWORD})
    assert len(list(account.sites())) == 2
    assert keeper.secret["refresh_token"]


def test_the_minute_limit_is_waited_for():
    app, clock = start(calls_per_minute=2)
    with running(app) as url:
        portal = Portal(url, app, clock)
        rows = readings(portal.connect()[0], site(DENVER_SYSTEM), day_of(NOW - timedelta(hours=72), 72))
    assert len(rows) == pytest.approx(3 * 288, abs=15)
    assert portal.naps_s == [60]


def test_a_used_up_month_stops_the_application():
    app, clock = start(calls_per_month=1)
    with running(app) as url:
        account, _ = Portal(url, app, clock).connect()
        with pytest.raises(errors.QuotaExhausted):
            readings(account, site(DENVER_SYSTEM), day_of(NOW - timedelta(hours=48), 40))


@pytest.mark.parametrize(("system", "error"), [(FORBIDDEN_SYSTEM, errors.SiteForbidden), (1, errors.SiteGone)])
def test_a_refused_system_is_named(portal, system, error):
    with pytest.raises(error):
        readings(portal.connect()[0], site(system), day_of(NOW - timedelta(hours=2), 1))


def test_a_window_before_the_first_interval_is_refused(portal):
    early = PLANTS[BERLIN_SYSTEM].operational_at - timedelta(days=1)
    with pytest.raises(errors.BadRequest, match="first interval"):
        readings(portal.connect()[0], site(BERLIN_SYSTEM), day_of(early))


def test_a_key_of_another_application_is_told_from_a_bad_account(portal):
    with pytest.raises(errors.ConfigurationError, match="different applications") as caught:
        list(portal.connect(api_key="canary-7f3a91c2")[0].sites())
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"cut_after": 60},
        {"status": 500, "body": '{"errorCode":7,"errorMessages":["Data is temporarily unavailable"]}'},
        {"status": 200, "body": '{"errorCode":7,"errorMessages":["Data is temporarily unavailable"]}'},
    ],
)
def test_c2_c4_c6_trouble_for_a_moment_changes_nothing(portal, fault):
    account, of, window = portal.connect()[0], site(DENVER_SYSTEM), day_of(NOW - timedelta(hours=6), 5)
    before = readings(account, of, window)
    requests.post(f"{portal.url}/_control/faults", json=[{"path": "production_micro", "times": 2, **fault}], timeout=5)
    portal.clock.move_to(NOW)
    after = readings(account, of, window)
    assert after == before
    assert len(portal.naps_s) == 2


def test_c5_a_login_page_is_no_data(portal):
    account, _ = portal.connect()
    page = {"path": "/systems", "status": 200, "headers": {"content-type": "text/html"}, "body": "<html>Sign in</html>"}
    requests.post(f"{portal.url}/_control/faults", json=[page], timeout=5)
    with pytest.raises(errors.AuthOrGateway):
        list(account.sites())
