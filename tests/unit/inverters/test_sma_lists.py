"""SMA: plants, devices, and how long to wait after a refusal."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from include.core import errors
from include.sources.inverters import sma_lists as lists
from include.sources.inverters.sma_backoff import Backoff
from tests.unit.inverters.sma_answers import body

RECORDED = Path(__file__).parents[4] / "shared" / "payloads" / "sma"


def test_plants_are_listed_once_with_their_capacity_in_watts():
    found = lists.sites(body("plants__two"))
    assert [(p.external_site_id, p.time_zone, p.dc_capacity_w, p.latitude) for p in found] == [
        ("9912004", "Europe/Berlin", 99_400, 51.31),
        ("5f7c1d6e-0a55-4a30-9d6b-3d1f3a9b8c11", "US/Eastern", None, None),
    ]
    assert lists.sites(body("plants__empty")) == []


def test_devices_are_known_by_their_type():
    found = list(lists.devices(body("devices__all_types")))
    assert [(d.external_device_id, d.kind, d.rated_power_w, d.name) for d in found] == [
        ("9912002", "sensor", None, "Sensor"),
        ("9912010", "inverter", 10_000, "STP 10"),
        ("9912011", "inverter", 4000, "SB 4.0"),
        ("9912012", "battery", None, "9912012"),
    ]
    retired = found[2]
    assert [lists.delivers_on(retired, date(2026, 11, day)) for day in (18, 19, 20)] == [True, True, False]
    assert lists.sets(body("sets__inverter")) == {"EnergyAndPowerPv", "PowerDc", "PowerAc"}


@pytest.mark.parametrize("text", [b"{}", b"[]", b'{"plants": [{"name": "x"}]}', b'{"plants": [1]}'])
def test_a_plant_list_of_another_shape_is_refused(text):
    with pytest.raises(errors.UnexpectedPayload):
        lists.sites(text)


def test_each_refusal_in_a_row_waits_longer_and_an_answer_starts_afresh():
    backoff, now = Backoff(), datetime(2026, 11, 20, tzinfo=UTC)
    pauses_s = [(backoff.throttled({}, b"", now) - now).total_seconds() for _ in range(5)]
    for pause_s, step_s in zip(pauses_s, (60, 120, 240, 300, 300), strict=True):
        assert step_s <= pause_s <= 1.25 * step_s
    backoff.answered()
    assert (backoff.throttled({}, b"", now) - now).total_seconds() <= 75
    assert backoff.throttled({"retry-after": "7"}, b"", now) == now + timedelta(seconds=7)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not shipped with the project")
def test_recorded_lists_are_understood():
    plants = lists.sites((RECORDED / "plants.json").read_bytes())
    assert [(p.external_site_id, p.dc_capacity_w) for p in plants] == [("7190000", 184_000), ("11260000", None)]
    devices = list(lists.devices((RECORDED / "plant_devices.json").read_bytes()))
    assert {d.kind for d in devices} == {"sensor", "inverter", "battery"}
    assert {d.external_device_id: d.rated_power_w for d in devices}["16"] == 6000
