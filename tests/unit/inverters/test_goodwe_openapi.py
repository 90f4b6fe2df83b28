"""The OpenAPI as far as it is known, at the simulator."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from include.core import errors
from include.core.records import Window
from simulators import plant
from simulators.goodwe import ISSUED_TOKEN
from simulators.goodwe_plants import BERLIN_STATION, DENVER_STATION, STATIONS
from tests.unit.inverters.goodwe_simulated import NOW, QUARTER, connect, local_day, readings, serve, site


def test_the_openapi_reads_curves_and_registers():
    with serve(openapi=True) as url:
        folder = "/api/OpenApi"
        paths = {"openapi_stations_path": f"{folder}/StationPage", "openapi_devices_path": f"{folder}/DeviceList"}
        account = connect(url, **paths)
        assert [site.external_site_id for site in account.sites()] == [DENVER_STATION, BERLIN_STATION]
        assert [device.kind for device in account.devices(DENVER_STATION)] == ["site", "inverter", "inverter"]
        rows = readings(account, site(DENVER_STATION), local_day(DENVER_STATION, 2026, 11, 18))
        assert len(rows) == 96 and {row["quality"] for row in rows} == {"estimated"}
        noon = datetime(2026, 11, 18, 12, tzinfo=ZoneInfo("America/Denver"))
        [at_noon] = [row for row in rows if row["interval_start"] == noon]
        assert at_noon["power"] * 1000 == pytest.approx(float(plant.power_w(STATIONS[DENVER_STATION].zone, noon)))
        present = Window(NOW - QUARTER, NOW)
        registers = readings(account, site(DENVER_STATION, "inverters"), present)
        assert [row["energy_total_unit"] for row in registers] == ["kWh", "kWh"]
        curves = readings(account, site(DENVER_STATION, "inverter_curve"), local_day(DENVER_STATION, 2026, 11, 18))
        assert len({row["external_device_id"] for row in curves}) == 2
        with pytest.raises(errors.ConfigurationError, match="day_total"):
            readings(account, site(DENVER_STATION, "day_total"), present)


def test_an_issued_token_reads_but_cannot_list_without_a_setting():
    with serve(openapi=True) as url:
        account = connect(url, secret={"api_key": ISSUED_TOKEN})
        assert readings(account, site(DENVER_STATION), Window(NOW - QUARTER, NOW))
        with pytest.raises(errors.ConfigurationError, match="GOODWE_OPENAPI_STATIONS_PATH"):
            list(account.sites())
