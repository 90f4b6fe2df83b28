"""GoodWe SEMS+: the calls of the portal's own web pages, below the gateway that the login named."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from include.core.records import Answer, Site, VendorDevice
from include.http.calls import get, post
from include.http.session import VendorSession
from include.sources.inverters import goodwe_lists as lists
from include.sources.inverters.goodwe_times import whole_hours

STATIONS = "/sems-plant/api/portal/stations/page"
DEVICES = "/sems-plant/api/stations/device/all-status"
CURVE = "/sems-plant/api/v1/hems/power/statisticsAndPreV2"
PRODUCTION = "/sems-plant/api/stations/production"
EQUIPMENT = "/sems-plant/api/equipments"

SERIES = ("psystem", "inverters", "day_total")
CURVE_ITEMS = ["pSystem", "pGrid", "pConsum", "pBat", "soc"]
DAY_ITEMS = ["proSystemTotalStats", "profitProStats"]
MINUTES = 1
SNAPSHOT_PARTS = ("telemetry", "telecounting")


@dataclass(frozen=True, slots=True)
class SemsPlus:
    """The web portal's interface."""

    session: VendorSession

    def station_page(self, page: int, size: int) -> bytes:
        """One page of the station list."""
        return post(self.session, STATIONS, json={"current": page, "size": size}).body

    def devices(self, external_site_id: str) -> Iterator[VendorDevice]:
        """The station's sums, inverters, meters and batteries."""
        yield from lists.devices(get(self.session, DEVICES, stationId=external_site_id).body, external_site_id)

    def snapshots(self, site: Site) -> Iterator[Answer]:
        """What the inverters show now, those that feed our meters or else all; one answer per inverter."""
        listed = [
            device.external_device_id for device in self.devices(site.external_site_id) if device.kind == "inverter"
        ]
        mapped = set(site.devices).intersection(listed)
        for serial in listed:
            if not mapped or serial in mapped:
                yield self._snapshot(site, serial)

    def station_curve(self, site: Site, day: date) -> Iterator[Answer]:
        """Power of the station on one local day, a sample a minute."""
        asked = {"items": CURVE_ITEMS, "timeScale": MINUTES, "timeZone": whole_hours(day, site.time_zone)}
        yield post(self.session, CURVE, json={"stationId": site.external_site_id, **asked, **_span(day)})

    def day_total(self, site: Site, day: date) -> Iterator[Answer]:
        """Energy of the station on one local day."""
        asked = {"items": DAY_ITEMS, "dimension": "day", "isReport": False}
        yield post(self.session, PRODUCTION, json={"stationId": site.external_site_id, **asked, **_span(day)})

    def _snapshot(self, site: Site, serial: str) -> Answer:
        """Both answers about one inverter, each byte for byte, as a JSON array: they make one reading."""
        path, asked = f"{EQUIPMENT}/{quote(serial, safe='')}", {"deviceType": "INVERTER", "pwId": site.external_site_id}
        answers = [get(self.session, f"{path}/{part}", **asked) for part in SNAPSHOT_PARTS]
        body = b"[" + b",\n".join(answer.body for answer in answers) + b"]"
        return Answer(body, {**answers[-1].request, "path": path, "parts": list(SNAPSHOT_PARTS)})


def _span(day: date) -> dict[str, str]:
    return {"startTime": f"{day} 00:00:00", "endTime": f"{day} 23:59:59"}
