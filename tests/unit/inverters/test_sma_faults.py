"""The adapter against the simulator, over real HTTP: tokens, consent, moves and faults."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from include.core import errors
from include.core.records import Window
from simulators.sma_plants import BERLIN_PLANT, OWNER
from tests.unit.inverters.sma_portal import BERLIN, FIVE, NOW, readings


def test_a_token_that_ends_in_mid_run_is_renewed_once_and_the_new_pair_is_kept(sma_portal):
    account = sma_portal.connect()
    first = dict(sma_portal.keeper.secret)
    answers = account.fetch(BERLIN, Window(NOW - timedelta(days=2), NOW))
    next(answers)
    renewed = dict(sma_portal.keeper.secret)
    sma_portal.sleep(301)
    rest = list(answers)
    assert rest and sma_portal.authority.calls == {"refresh_token": 2}
    tokens = [secret["refresh_token"] for secret in (first, renewed, sma_portal.keeper.secret)]
    assert len(set(tokens)) == 3
    assert datetime.fromisoformat(sma_portal.keeper.secret["expires_at"]) == sma_portal.clock() + timedelta(seconds=300)


def test_c8_a_token_refused_early_is_replaced_once(sma_portal):
    account = sma_portal.connect()
    list(account.sites())
    sma_portal.authority.expire()
    assert len(list(account.sites())) == 2
    assert sma_portal.authority.calls == {"refresh_token": 2}


def test_c8_an_endless_refusal_ends_after_one_renewal(sma_portal):
    account = sma_portal.connect()
    sma_portal.fault(path="/plants", times=99, status=401)
    with pytest.raises(errors.AuthFailed):
        list(account.sites())
    assert sum("/plants" in request["path"] for request in sma_portal.asked()) == 2


def test_a_revoked_account_must_be_connected_again(sma_portal):
    account = sma_portal.connect()
    sma_portal.authority.revoke()
    with pytest.raises(errors.ReauthRequired):
        list(account.sites())


def test_an_owner_who_consented_is_read_with_tokens_of_our_application(sma_portal):
    account = sma_portal.connect(login_hint=OWNER)
    assert len(list(account.sites())) == 2
    sma_portal.sleep(301)
    assert len(list(account.sites())) == 2
    assert sma_portal.authority.calls == {"client_credentials": 2}
    assert sma_portal.keeper.secret["login_hint"] == OWNER and "refresh_token" not in sma_portal.keeper.secret


def test_an_empty_plant_list_means_that_consent_is_missing(sma_portal):
    account = sma_portal.connect(login_hint=OWNER)
    list(account.sites())
    sma_portal.consents.put(OWNER, "Revoked")
    with pytest.raises(errors.ConsentLost, match="consent"):
        list(account.sites())
    with pytest.raises(errors.ConsentLost):
        list(account.fetch(BERLIN, Window(NOW - FIVE, NOW)))


def test_a_plant_that_is_refused_though_others_are_seen_is_no_lost_consent(sma_portal):
    sma_portal.fault(path="/devices", times=1, status=403)
    with pytest.raises(errors.SiteForbidden):
        list(sma_portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    with pytest.raises(errors.SiteGone):
        list(sma_portal.connect().fetch(replace(BERLIN, external_site_id="1"), Window(NOW - FIVE, NOW)))


def test_a_migrated_plant_tells_its_new_ids(sma_portal):
    sma_portal.control("migrate", plant_id=BERLIN_PLANT)
    site = replace(BERLIN, devices=("9912021", f"site:{BERLIN_PLANT}:energy_balance", "9912099"))
    account = sma_portal.connect()
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


def test_a_device_that_moved_alone_is_named_too(sma_portal):
    new = "/monitoring/v1/devices/9912025/measurements/sets/Sensor/Day"
    path = "/devices/9912021/measurements/sets/EnergyAndPowerPv"
    sma_portal.fault(path=path, times=1, status=308, headers={"location": f"{sma_portal.url}{new}?Date=2026-11-20"})
    with pytest.raises(errors.SiteMoved) as caught:
        list(sma_portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    assert (caught.value.external_site_id, caught.value.devices) == (BERLIN_PLANT, {})


def test_c13_a_migration_to_a_strange_host_is_not_followed(sma_portal):
    sma_portal.fault(path="/plants", times=1, status=308, headers={"location": "http://127.0.0.1:9/v1/plants"})
    with pytest.raises(errors.HostRefused):
        list(sma_portal.connect().sites())


def test_c1_a_429_without_retry_after_waits_a_minute_then_leaves_the_rest_to_the_scheduler(start_sma):
    portal = start_sma(calls_per_5_minutes=1)
    account = portal.connect()
    list(account.sites())
    with pytest.raises(errors.RateLimited) as caught:
        list(account.sites())
    assert len(portal.naps_s) == 1 and 60 <= portal.naps_s[0] <= 76
    pause_s = (caught.value.retry_at - portal.clock()).total_seconds()
    assert 120 <= pause_s <= 150
    portal.sleep(pause_s + 300)
    assert len(list(account.sites())) == 2


def test_a_device_without_the_set_is_passed_over(sma_portal):
    path = "/devices/9912021/measurements/sets"
    sma_portal.fault(path=f"{path}/EnergyAndPowerPv", times=1, status=400)
    with pytest.raises(errors.BadRequest):
        list(sma_portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    sma_portal.fault(path=f"{path}/EnergyAndPowerPv", times=1, status=404)
    sma_portal.fault(path=path, times=1, status=200, body='{"sets": ["PowerDc"]}')
    answers = list(sma_portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))
    assert [answer.request["path"].split("/")[2] for answer in answers] == ["9912025"]


@pytest.mark.parametrize("cut_after", [0, 1, 40, 400])
def test_c4_an_answer_cut_short_is_asked_for_again(sma_portal, cut_after):
    whole = readings(sma_portal.connect(), BERLIN, Window(NOW - FIVE, NOW))
    sma_portal.fault(path="/EnergyAndPowerPv/Day", times=1, cut_after=cut_after)
    assert readings(sma_portal.connect(), BERLIN, Window(NOW - FIVE, NOW)) == whole


def test_c5_a_page_instead_of_data_is_no_reading(sma_portal):
    sma_portal.fault(
        path="/Day", times=99, status=200, headers={"content-type": "text/html"}, body="<html>Login</html>"
    )
    with pytest.raises(errors.AuthOrGateway):
        list(sma_portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))


def test_c6_an_error_object_in_a_200_is_an_error(sma_portal):
    sma_portal.fault(path="/Day", times=1, status=200, body='{"status": 403, "title": "Forbidden"}')
    with pytest.raises(errors.SiteForbidden):
        list(sma_portal.connect().fetch(BERLIN, Window(NOW - FIVE, NOW)))


def test_c15_a_restated_value_is_read_again(sma_portal):
    account, window = sma_portal.connect(), Window(NOW - timedelta(hours=25), NOW - timedelta(hours=23))
    before = readings(account, BERLIN, window)
    changed = sma_portal.control("restate", device_id="9912021", hours_back=24)
    after = readings(account, BERLIN, window)
    differing = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [row["interval_start"].isoformat() for row in differing] == [changed["interval_start"]]


def test_a_spike_is_delivered_as_it_came(sma_portal):
    changed = sma_portal.control("spike", device_id="9912021", hours_back=3)
    rows = readings(sma_portal.connect(), BERLIN, Window(NOW - timedelta(hours=4), NOW))
    [spike] = [
        row for row in rows if row["interval_start"].isoformat() == changed["interval_start"] and row["energy_wh"]
    ]
    assert (spike["energy_wh"], spike["quality"]) == (165_763, "measured")
