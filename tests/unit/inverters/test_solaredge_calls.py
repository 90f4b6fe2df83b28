"""Listing, fetching and the vendor's refusals, through mocked HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import responses
from responses import matchers

from include.core import errors
from include.core.records import Window
from include.security.tokens import Remembered
from include.sources.inverters import REGISTRY, solaredge
from include.sources.inverters.base import Settings
from tests.unit.http.fake_time import NOON, FakeTime
from tests.unit.inverters.solaredge_answers import SITE, body

BASE = "https://monitoringapi.solaredge.com/v2"
JSON = {"content_type": "application/json"}
CANARY = "canary-7f3a91c2"


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def account(time):
    return connect(time)


@pytest.fixture
def vendor():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def connect(time, **options):
    settings = Settings(options=options, sleep=time.sleep, clock=time.clock)
    return solaredge.connect(Remembered({"api_key": CANARY}), settings)


def page_of(*ids):
    return {"sites": {"count": 1, "site": [{"siteId": n, "name": f"site {n}"} for n in ids]}}


@pytest.mark.parametrize("name", ["sites__wrapped", "sites__bare_array"])
def test_both_forms_of_the_site_list_are_read(account, vendor, name):
    vendor.get(f"{BASE}/sites", body=body(name), **JSON)
    site = next(account.sites())
    assert (site.external_site_id, site.name, site.time_zone) == ("2210045", "Depot West", "Europe/Brussels")
    assert site.dc_capacity_w == pytest.approx(99_400)
    sent = vendor.calls[0].request
    assert sent.headers["X-API-Key"] == CANARY
    assert sent.params == {"page": "1", "sites-in-page": "1000"}


def test_the_list_ends_at_a_short_page_whatever_count_says(time, vendor):
    for page, ids in enumerate([(1, 2), (3, 4), (5,)], start=1):
        query = matchers.query_param_matcher({"page": page, "sites-in-page": 2})
        vendor.get(f"{BASE}/sites", json=page_of(*ids), match=[query])
    found = [site.external_site_id for site in connect(time, sites_in_page=2).sites()]
    assert found == ["1", "2", "3", "4", "5"]
    assert len(vendor.calls) == 3


def test_c7_a_shifted_page_gives_no_site_twice(time, vendor):
    for ids in [(1, 2), (2, 3), ()]:
        vendor.get(f"{BASE}/sites", json=page_of(*ids))
    assert [site.external_site_id for site in connect(time, sites_in_page=2).sites()] == ["1", "2", "3"]


def test_c7_a_repeated_page_is_an_error(time, vendor):
    vendor.get(f"{BASE}/sites", json=page_of(1, 2))
    with pytest.raises(errors.PaginationLoop):
        list(connect(time, sites_in_page=2).sites())
    assert len(vendor.calls) == 2


def test_site_metadata_is_read(account, vendor):
    vendor.get(f"{BASE}/sites/2210045", json={"siteId": 2210045, "name": "Depot West", "peakPower": "?"})
    site = account.site("2210045")
    assert site.dc_capacity_w is None
    assert site.metadata["peakPower"] == "?"


@pytest.mark.parametrize(
    ("form", "query"),
    [("repeated", "types=INVERTER&types=METER&types=BATTERY"), ("comma", "types=INVERTER%2CMETER%2CBATTERY")],
)
def test_devices_of_all_types_are_asked_for(time, vendor, form, query):
    vendor.get(f"{BASE}/sites/2210045/devices", body=body("devices__all_types"), **JSON)
    found = list(connect(time, device_types=form).devices("2210045"))
    assert [(device.external_device_id, device.kind, device.rated_power_w) for device in found] == [
        ("7F1A20C4-9B", "inverter", 100_000),
        ("M-PROD-01", "meter", None),
        ("B-77A0-1", "battery", None),
    ]
    assert vendor.calls[0].request.url.endswith(query)


def test_a_day_is_fetched_in_calls_of_twelve_hours(account, vendor):
    for path in solaredge.PATHS.values():
        vendor.get(f"{BASE}/sites/2210045/{path}", json={})
    start = datetime(2026, 11, 19, 1, 0, tzinfo=UTC)
    answers = list(account.fetch(SITE, Window(start, start + timedelta(hours=25))))
    spans = [(a.request["query"]["from"], a.request["query"]["to"]) for a in answers]
    assert (
        spans[::2]
        == spans[1::2]
        == [
            ("2026-11-19T01:00:00Z", "2026-11-19T13:00:00Z"),
            ("2026-11-19T13:00:00Z", "2026-11-20T01:00:00Z"),
            ("2026-11-20T01:00:00Z", "2026-11-20T02:00:00Z"),
        ]
    )
    assert [a.request["path"].split("/")[-2] for a in answers[:2]] == ["inverters", "meters"]
    assert {a.request["query"]["resolution"] for a in answers} == {"QUARTER_HOUR"}


def test_the_series_of_a_site_decide_what_is_fetched(account, vendor):
    for path in solaredge.PATHS.values():
        vendor.get(f"{BASE}/sites/2210045/{path}", json={})
    site = replace(SITE, series=("storage", "site_energy", "site_power"))
    answers = list(account.fetch(site, Window(NOON - timedelta(hours=1), NOON)))
    assert [a.request["path"].removeprefix("/v2/sites/2210045/") for a in answers] == [
        "storage/telemetry",
        "energy",
        "power",
    ]
    assert [a.request["query"].get("unit") for a in answers] == [None, "WH", "W"]


def test_an_unknown_series_is_a_mistake_in_the_settings(account):
    with pytest.raises(errors.ConfigurationError, match="sensors"):
        next(account.fetch(replace(SITE, series=("sensors",)), Window(NOON - timedelta(hours=1), NOON)))


def test_a_strange_site_id_stays_one_path_segment(account, vendor):
    vendor.get(f"{BASE}/sites/..%2F1%3Fa", json={"siteId": 1})
    assert account.site("../1?a").external_site_id == "1"


@pytest.mark.parametrize(("status", "error"), [(403, errors.SiteForbidden), (404, errors.SiteGone)])
def test_a_refused_site_is_the_error_of_that_site(account, vendor, status, error):
    vendor.get(f"{BASE}/sites/2210045/inverters/telemetry", status=status)
    with pytest.raises(error):
        list(account.fetch(SITE, Window(NOON - timedelta(hours=1), NOON)))


@pytest.mark.parametrize(
    ("name", "error"), [("problem__in_200", errors.SiteGone), ("error__in_200", errors.UnexpectedPayload)]
)
def test_c6_an_error_object_is_not_landed_as_data(account, vendor, name, error):
    vendor.get(f"{BASE}/sites/2210045/inverters/telemetry", body=body(name), **JSON)
    with pytest.raises(error):
        next(account.fetch(SITE, Window(NOON - timedelta(hours=1), NOON)))


def test_the_minute_limit_is_waited_for(account, vendor, time):
    limited = {"x-ratelimit-remaining-minute": "0", "retry-after": "41"}
    vendor.get(f"{BASE}/sites/7", status=429, headers=limited)
    vendor.get(f"{BASE}/sites/7", json={"siteId": 7})
    account.site("7")
    assert time.naps_s == [41]


def test_used_up_credits_stop_at_once(account, vendor, time):
    vendor.get(f"{BASE}/sites/7", status=429, headers={"x-ratelimit-remaining-minute": "6"})
    with pytest.raises(errors.QuotaExhausted):
        account.site("7")
    assert time.naps_s == []


@pytest.mark.parametrize("credential", [{}, {"api_key": ""}, {"api_key": None}])
def test_a_credential_without_a_key_needs_a_person(credential):
    with pytest.raises(errors.AuthFailed):
        solaredge.connect(Remembered(credential))


def test_f16_the_key_is_not_part_of_what_is_shown(account, vendor):
    vendor.get(f"{BASE}/sites/7", status=401, json={"title": "Unauthorized", "detail": f"Invalid {CANARY}"})
    with pytest.raises(errors.AuthFailed) as caught:
        account.site("7")
    assert CANARY not in repr(account) + str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("now", "boundary"), [("10:16:29", "10:00"), ("10:16:30", "10:15"), ("10:30:00", "10:15"), ("00:01:00", "23:45")]
)
def test_an_interval_is_closed_ninety_seconds_after_its_end(now, boundary):
    instant = datetime.fromisoformat(f"2026-11-20T{now}+00:00")
    assert solaredge.closed_until(instant).strftime("%H:%M") == boundary


@pytest.mark.parametrize("name", REGISTRY)
def test_every_vendor_defines_the_contract(name):
    module = REGISTRY[name]
    assert name == module.NAME
    assert f"raw.{name}_reading" == module.RAW_TABLE
    assert module.RAW_SCHEMA.names[0] == "row_number"
    assert "load_id" not in module.RAW_SCHEMA.names
    assert set(module.DEFAULT_SERIES) <= set(module.SERIES)
    assert module.SETTLE_SECONDS > 0
    assert timedelta(hours=3) <= module.OVERLAP
    assert all(callable(getattr(module, function)) for function in ("connect", "closed_until", "parse"))
