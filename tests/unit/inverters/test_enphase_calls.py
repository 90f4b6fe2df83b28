"""Listing, fetching and the vendor's refusals, through mocked HTTP."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import responses
from responses import matchers

from include.core import errors
from include.core.records import Window
from include.sources.inverters import REGISTRY, enphase
from tests.unit.http.fake_time import NOON, FakeTime
from tests.unit.inverters.enphase_account import KEY, MICROS, SYSTEMS, connect, fetched
from tests.unit.inverters.enphase_answers import EIGHT, SITE, body

JSON = {"content_type": "application/json"}


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def vendor():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def page_of(*ids, total=3, size=2, page=1):
    systems = [{"system_id": n, "name": f"system {n}"} for n in ids]
    return {"total": total, "current_page": page, "size": size, "count": len(ids), "systems": systems}


def test_the_vendor_is_registered():
    assert REGISTRY["enphase"] is enphase


def test_every_call_carries_the_token_and_the_application_key(time, vendor):
    vendor.get(SYSTEMS, body=body("systems__placeholders"), **JSON)
    found = list(connect(time).sites())
    sent = vendor.calls[0].request
    assert (sent.headers["key"], sent.headers["Authorization"]) == (KEY, "Bearer canary-access-1")
    assert sent.params == {"page": "1", "size": "100", "sort_by": "id"}
    assert [(site.external_site_id, site.name, site.time_zone) for site in found] == [
        ("4410021", "Hill House", "US/Eastern"),
        ("4410022", "Residential System", "Europe/Berlin"),
    ]
    assert [site.dc_capacity_w for site in found] == [None, None]  # -1 is a placeholder, no capacity


def test_the_key_may_stand_in_the_query_and_never_in_the_record(time, vendor):
    vendor.get(MICROS, json={})
    (answer,) = fetched(connect(time, key_in="query"))
    sent = vendor.calls[0].request
    assert sent.params["key"] == KEY
    assert "key" not in sent.headers
    assert "canary" not in json.dumps(answer.request)


@pytest.mark.parametrize("options", [{"api_key": ""}, {"key_in": "cookie"}])
def test_a_missing_setting_is_named(time, options):
    with pytest.raises(errors.ConfigurationError, match="ENPHASE_"):
        connect(time, **options)


def test_pages_may_be_smaller_than_asked_for(time, vendor):
    for page, ids in enumerate([(1, 2), (3,)], start=1):
        query = matchers.query_param_matcher({"page": page, "size": 100, "sort_by": "id"})
        vendor.get(SYSTEMS, json=page_of(*ids, page=page), match=[query])
    assert [site.external_site_id for site in connect(time).sites()] == ["1", "2", "3"]


def test_a_full_last_page_needs_no_further_call(time, vendor):
    vendor.get(SYSTEMS, json=page_of(1, 2, total=2))
    assert len(list(connect(time).sites())) == 2
    assert len(vendor.calls) == 1


def test_c7_a_shifted_page_gives_no_system_twice_and_a_repeated_one_is_an_error(time, vendor):
    for ids in [(1, 2), (2, 3), (4,)]:
        vendor.get(SYSTEMS, json=page_of(*ids, total=9))
    assert [site.external_site_id for site in connect(time).sites()] == ["1", "2", "3", "4"]
    vendor.reset()
    vendor.get(SYSTEMS, json=page_of(1, 2, total=9))
    with pytest.raises(errors.PaginationLoop):
        list(connect(time).sites())


def test_devices_name_the_series_that_feeds_them(time, vendor):
    vendor.get(f"{SYSTEMS}/4410021/devices", body=body("devices__all_kinds"), **JSON)
    found = [(d.external_device_id, d.kind, d.metadata["series"]) for d in connect(time).devices("4410021")]
    assert found == [
        ("site:4410021:micros", "site", "micros"),
        ("site:4410021:production_meter", "site", "production_meter"),
        ("site:4410021:consumption", "site", "consumption"),
        ("site:4410021:grid_import", "site", "grid_import"),
        ("site:4410021:grid_export", "site", "grid_export"),
        ("122200058195EIM1", "meter", "rgm_stats"),
        ("122200058195EIM2", "grid_meter", None),
        ("122200000001", "micro", None),
        ("122200000002", "micro", None),
        ("492312001241", "battery", None),
        ("911364446952", "battery", None),
    ]


def test_one_call_covers_a_day_of_each_series(time, vendor):
    for path in ("telemetry/production_micro", "rgm_stats"):
        vendor.get(f"{SYSTEMS}/4410021/{path}", json={})
    account = connect(time)
    site = replace(SITE, series=("micros", "rgm_stats"))
    queries = [a.request["query"] for a in account.fetch(site, Window(EIGHT, EIGHT + timedelta(hours=30)))]
    first, last = int(EIGHT.timestamp()), int((EIGHT + timedelta(hours=24)).timestamp())
    assert queries == [
        {"start_at": first, "granularity": "day"},
        {"start_at": first, "end_at": last},
        {"start_at": last, "granularity": "day"},
        {"start_at": last, "end_at": last + 6 * 3600},
    ]


def test_an_unknown_series_is_a_configuration_error(time):
    site = replace(SITE, series=("inverters",))
    with pytest.raises(errors.ConfigurationError, match="inverters"):
        list(connect(time).fetch(site, Window(EIGHT, EIGHT + timedelta(hours=1))))


def test_the_newest_closed_quarter_hour_is_the_end_of_a_window():
    assert enphase.closed_until(datetime(2026, 11, 20, 12, 4, tzinfo=UTC)) == datetime(2026, 11, 20, 11, 45, tzinfo=UTC)
    assert enphase.closed_until(datetime(2026, 11, 20, 12, 5, tzinfo=UTC)) == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_429_of_the_minute_is_waited_for_until_its_end(time, vendor):
    vendor.get(MICROS, status=429, body=body("error__throttled_minute"), **JSON)
    vendor.get(MICROS, json={})
    fetched(connect(time))
    assert time.naps_s == [60]
    assert time.now == NOON + timedelta(seconds=60)


@pytest.mark.parametrize("name", ["error__throttled_month", "error__throttled_unnamed"])
def test_a_429_of_the_month_or_of_nothing_stops_the_application(time, vendor, name):
    vendor.get(MICROS, status=429, body=body(name), **JSON)
    with pytest.raises(errors.QuotaExhausted):
        fetched(connect(time))
    assert (len(vendor.calls), time.naps_s) == (1, [])


@pytest.mark.parametrize(
    ("status", "answer", "nap_s"),
    [(409, b'{"message": "Conflict"}', 60), (409, b"", 60), (503, body("error__throttled_minute"), 60)],
)
def test_throttling_in_other_clothes_is_waited_for(time, vendor, status, answer, nap_s):
    vendor.get(MICROS, status=status, body=answer, **JSON)
    vendor.get(MICROS, json={})
    fetched(connect(time))
    assert time.naps_s == [nap_s]


def test_data_that_is_not_available_for_the_moment_is_asked_for_again(time, vendor):
    vendor.get(MICROS, status=500, body=body("error__unavailable"), **JSON)
    vendor.get(MICROS, body=body("error__unavailable"), **JSON)
    vendor.get(MICROS, body=body("micros__gap"), **JSON)
    assert len(fetched(connect(time))) == 1
    assert [round(nap // 2) for nap in time.naps_s] == [1, 2]


@pytest.mark.parametrize(
    ("status", "name", "error"),
    [
        (422, "error__range", errors.BadRequest),
        (501, "error__not_implemented", errors.BadRequest),
        (403, "error__not_implemented", errors.SiteForbidden),
        (404, "error__not_implemented", errors.SiteGone),
    ],
)
def test_a_refusal_is_not_repeated(time, vendor, status, name, error):
    vendor.get(MICROS, status=status, body=body(name), **JSON)
    with pytest.raises(error):
        fetched(connect(time))
    assert len(vendor.calls) == 1


def test_a_key_of_another_application_is_no_fault_of_the_account(time, vendor):
    vendor.get(
        MICROS, status=401, json={"message": "Not Authorized", "details": "API Key -Client mismatch", "code": 401}
    )
    with pytest.raises(errors.ConfigurationError, match="ENPHASE_API_KEY and ENPHASE_CLIENT_ID"):
        fetched(connect(time))
    assert len(vendor.calls) == 1


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (500, {}, f"key {KEY} token canary-access-1"),
        (403, {}, f'{{"message": "{KEY} canary-access-1", "details": "", "code": 403}}'),
        (429, {}, f'{{"message": "{KEY} canary-access-1", "period": "month"}}'),
    ],
)
@pytest.mark.parametrize("key_in", ["header", "query"])
def test_f16_no_secret_reaches_a_message(time, vendor, caplog, status, headers, answer, key_in):
    caplog.set_level("DEBUG")
    vendor.get(MICROS, status=status, body=answer, headers=headers, **JSON)
    with pytest.raises(errors.VendorError) as caught:
        fetched(connect(time, key_in=key_in))
    assert "canary" not in str(caught.value)
    assert "canary" not in caplog.text
