"""The adapter against the simulator, over real HTTP: what it reads."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from include.core.records import Window
from include.sources.inverters import sma
from simulators.plant import power_w
from simulators.sma_plants import BERLIN_PLANT, DENVER_PLANT
from tests.unit.inverters.sma_portal import BERLIN, DENVER, FIVE, NOW, QUARTER, local_day, readings


def test_plants_and_devices_are_found(sma_portal):
    account = sma_portal.connect()
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


def test_a_day_agrees_with_the_plant_slot_by_slot(sma_portal):
    rows = readings(sma_portal.connect(), BERLIN, local_day(BERLIN, date(2026, 11, 19)))
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


def test_a_sensor_delivers_weather_day_and_night(sma_portal):
    rows = readings(sma_portal.connect(), replace(BERLIN, series=("sensors",)), local_day(BERLIN, date(2026, 11, 19)))
    assert len(rows) == 288 and {row["external_device_id"] for row in rows} == {"9912025"}
    noon = next(row for row in rows if row["interval_start"] == datetime(2026, 11, 19, 11, 0, tzinfo=UTC))
    roof_w = float(power_w(ZoneInfo("Europe/Berlin"), noon["interval_start"]))
    assert noon["irradiance_wm2"] == pytest.approx(roof_w / 4.2, abs=0.001)
    assert noon["temperature_c"] == pytest.approx(8 + roof_w / 4.2 / 60, abs=0.001)
    assert '"module_temperature_c"' in noon["other_metrics"] and '"wind_speed_ms"' in noon["other_metrics"]


@pytest.mark.parametrize(("series", "column"), [("device_energy", "energy_wh"), ("device_power", "power_w")])
def test_the_query_decides_between_energy_and_power(sma_portal, series, column):
    site = replace(DENVER, series=(series,))
    rows = [
        r
        for r in readings(sma_portal.connect(), site, local_day(DENVER, date(2026, 11, 19)))
        if r["quality"] == "measured"
    ]
    assert rows and all(row[column] is not None for row in rows)
    top = max(rows, key=lambda row: row[column])
    roof_w = float(power_w(ZoneInfo("America/Denver"), top["interval_start"])) * 0.6
    assert top[column] == pytest.approx(roof_w / 4 if series == "device_energy" else roof_w, abs=0.001)


def test_energy_and_power_of_the_same_interval_agree(sma_portal):
    account, window = sma_portal.connect(), local_day(DENVER, date(2026, 11, 19))
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
def test_days_when_clocks_change_have_every_interval_once(sma_portal, on, intervals):
    window = local_day(BERLIN, on)
    rows = readings(sma_portal.connect(), replace(BERLIN, series=("plant", "sensors")), window)
    for device in (f"site:{BERLIN_PLANT}:energy_balance", "9912025"):
        starts = [row["interval_start"] for row in rows if row["external_device_id"] == device]
        assert starts == [window.start + n * FIVE for n in range(intervals)]
    assert {row["quality"] for row in rows} == {"measured"}


@pytest.mark.parametrize(("on", "intervals"), [(date(2026, 3, 8), 92), (date(2026, 11, 1), 100)])
def test_quarter_hours_are_complete_on_both_days_in_denver(sma_portal, on, intervals):
    rows = readings(sma_portal.connect(), replace(DENVER, series=("sensors",)), local_day(DENVER, on))
    assert len({row["interval_start"] for row in rows}) == len(rows) == intervals


def test_a_window_across_midnight_asks_two_days_and_doubles_nothing(sma_portal):
    midnight = datetime(2026, 11, 18, 23, 0, tzinfo=UTC)
    account = sma_portal.connect()
    answers = list(account.fetch(replace(BERLIN, series=("sensors",)), Window(midnight - FIVE, midnight + FIVE)))
    assert [answer.request["query"]["Date"] for answer in answers] == ["2026-11-18", "2026-11-19"]
    rows = [row for answer in answers for row in sma.parse(answer.body, answer.request, BERLIN)]
    starts = [row["interval_start"] for row in rows]
    assert len(starts) == len(set(starts)) == 2 * 288
    assert midnight - FIVE in starts and midnight in starts
    assert len(list(account.fetch(replace(BERLIN, series=("sensors",)), Window(midnight - FIVE, midnight)))) == 1


def test_only_devices_that_can_deliver_are_asked(sma_portal):
    answers = list(sma_portal.connect().fetch(DENVER, local_day(DENVER, date(2026, 11, 19))))
    asked = [answer.request["path"].split("/")[2] for answer in answers]
    assert asked == ["9912011", "9912012", "9912015"]
    last_day = list(sma_portal.connect().fetch(DENVER, local_day(DENVER, date(2025, 2, 11))))
    assert next(answer.request["path"].split("/")[2] for answer in last_day) == "9912010"


def test_intervals_that_are_not_settled_are_left_for_later(sma_portal):
    window = Window(NOW - timedelta(hours=3), NOW)
    account, site = sma_portal.connect(), replace(BERLIN, series=("sensors",))
    [answer] = account.fetch(site, window)
    rows = list(sma.parse(answer.body, answer.request, site))
    assert b'"2026-11-20T13:05:00"' in answer.body
    assert max(row["interval_start"] for row in rows) == datetime(2026, 11, 20, 11, 55, tzinfo=UTC)
    assert answer.request["closed_until"] == "2026-11-20T12:00:00+00:00"


def test_the_same_bytes_are_new_content_until_all_their_intervals_are_settled(start_sma):
    dusk = next(
        at for n in range(200)
        if power_w(ZoneInfo("Europe/Berlin"), at := datetime(2026, 11, 20, 12, tzinfo=UTC) + n * QUARTER) <= 0
    )  # fmt: skip
    portal = start_sma(dusk + QUARTER + timedelta(minutes=2))
    account, site = portal.connect(), replace(BERLIN, series=("device_energy",))
    [early] = account.fetch(site, Window(portal.clock() - FIVE, portal.clock()))
    portal.sleep(600)
    [late] = account.fetch(site, Window(portal.clock() - FIVE, portal.clock()))
    assert early.body == late.body
    assert early.request["closed_until"] and "closed_until" not in late.request
    rows = [list(sma.parse(answer.body, answer.request, site)) for answer in (early, late)]
    assert len(rows[1]) == len(rows[0]) + 1
