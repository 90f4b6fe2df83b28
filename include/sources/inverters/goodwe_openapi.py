"""GoodWe OpenAPI: what its public traces allow to read. The vendor's document is under NDA, so paths are settings.

Known by name are `GetInverterBySN`, `GetInverterGeneration` and `GetPlantGeneration`; the lists of plants and devices
are not, and are asked for only where a setting says how. The unit of power is not known either.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from include.core.errors import ConfigurationError
from include.core.records import Answer, Site, VendorDevice
from include.http.calls import get, post
from include.http.session import VendorSession
from include.sources.inverters import goodwe_lists as lists

FOLDER = "/api/OpenApi/"
INVERTER, INVERTER_CURVE, PLANT_CURVE = "GetInverterBySN", "GetInverterGeneration", "GetPlantGeneration"
PATHS = {
    "openapi_inverter_path": FOLDER + INVERTER,
    "openapi_inverter_curve_path": FOLDER + INVERTER_CURVE,
    "openapi_plant_curve_path": FOLDER + PLANT_CURVE,
}
SERIES = ("psystem", "inverters", "inverter_curve")
DAY_CURVE = 0


@dataclass(frozen=True, slots=True)
class OpenApi:
    """The official interface, as far as it is known; `options` are the vendor's settings."""

    session: VendorSession
    options: Mapping[str, Any]

    def station_page(self, page: int, size: int) -> bytes:
        """One page of the plant list."""
        return post(self.session, self._path("openapi_stations_path"), json={"current": page, "size": size}).body

    def devices(self, external_site_id: str) -> Iterator[VendorDevice]:
        """The plant's sum and, where a setting says how to list them, its inverters."""
        yield next(lists.sums(external_site_id))
        if self.options.get("openapi_devices_path"):
            answer = get(self.session, self._path("openapi_devices_path"), plant_id=external_site_id)
            for serial in lists.serials(answer.body):
                yield VendorDevice(serial, "inverter", serial, metadata={"series": lists.INVERTERS})

    def inverters(self, site: Site) -> list[str]:
        """The serial numbers to ask for: those that feed our meters, else all that can be listed."""
        mapped = [device for device in site.devices if not device.startswith("site:")]
        return mapped or [d.external_device_id for d in self.devices(site.external_site_id) if d.kind == "inverter"]

    def snapshots(self, site: Site) -> Iterator[Answer]:
        """The registers of all inverters now."""
        for serial in self.inverters(site):
            answer = get(self.session, self._path("openapi_inverter_path"), invertersn=serial)
            yield self._named(answer, INVERTER)

    def station_curve(self, site: Site, day: date) -> Iterator[Answer]:
        """Power of the plant on one local day."""
        asked = {"plant_id": site.external_site_id, "date": day.isoformat(), "type": DAY_CURVE}
        yield self._named(post(self.session, self._path("openapi_plant_curve_path"), json=asked), PLANT_CURVE)

    def inverter_curves(self, site: Site, day: date) -> Iterator[Answer]:
        """Power of each inverter on one local day."""
        for serial in self.inverters(site):
            asked = {"invertersn": serial, "date": day.isoformat(), "type": DAY_CURVE}
            yield self._named(post(self.session, self._path("openapi_inverter_curve_path"), json=asked), INVERTER_CURVE)

    def _named(self, answer: Answer, call: str) -> Answer:
        """Note what the answer does not tell: which call it belongs to, and the unit that the operator declared."""
        return replace(
            answer, request={**answer.request, "call": call, "power_unit": self.options.get("openapi_power_unit")}
        )

    def _path(self, setting: str) -> str:
        path = self.options.get(setting) or PATHS.get(setting)
        if not path:
            raise ConfigurationError(
                f"GOODWE_{setting.upper()} is not set, and the OpenAPI's path is not public",
                remedy="Take it from GoodWe's OpenAPI document, register the sites by hand, or use mode sems_plus.",
            )
        return path
