"""The SMA simulator's plants and devices as the vendor describes them, and their ids, which a migration changes."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException, Request

from simulators.sma_plants import PLANTS, Device, Plant

MIGRATED = "77"  # stands before the old id


class Moved(Exception):
    """An old id was asked for; becomes a 308."""

    def __init__(self, old_id: str, new_id: str) -> None:
        super().__init__(old_id)
        self.old_id, self.new_id = old_id, new_id


@dataclass
class Place:
    """A plant and whether it was migrated."""

    plant: Plant
    is_migrated: bool = False

    @property
    def plant_id(self) -> str:
        """The plant's present id."""
        return self.present(self.plant.plant_id)

    def present(self, old_id: str) -> str:
        """The present form of an id of this plant."""
        return MIGRATED + old_id if self.is_migrated else old_id


class Estate:
    """All plants of the simulated owner."""

    def __init__(self) -> None:
        self.places = [Place(plant) for plant in PLANTS.values()]

    def find_plant(self, plant_id: str) -> Place:
        """The plant with a present id."""
        for place in self.places:
            if plant_id == place.plant_id:
                return place
            if plant_id == place.plant.plant_id:
                raise Moved(plant_id, place.plant_id)
        raise HTTPException(404, "Unknown plant")

    def find_device(self, device_id: str) -> tuple[Place, Device]:
        """The device with a present id, and its plant."""
        for place in self.places:
            for device in place.plant.devices:
                if device_id == place.present(device.device_id):
                    return place, device
                if device_id == device.device_id:
                    raise Moved(device_id, place.present(device_id))
        raise HTTPException(404, "Unknown device")

    def head(self, place: Place) -> dict[str, Any]:
        """What every answer says of its plant."""
        return {"plantId": place.plant_id, "name": place.plant.name, "timezone": place.plant.zone.key}

    def plant(self, place: Place, parts: Collection[str]) -> dict[str, Any]:
        """A plant with the parts that were asked for."""
        described = {
            "installation": {
                "peakPower": float(place.plant.peak_w),
                "acNominalPower": float(sum(device.nominal_w for device in place.plant.devices if device.share)),
                "co2SavingsFactor": 649,
                "startUpUtc": "2016-06-01T00:00:00",
                "orientation": {"azimuth": 28, "collectorSlope": 24},
            },
            "location": {"address": place.plant.address},
            "status": {"state": "Ok"},
        }
        return self.head(place) | {part: described[part] for part in parts}

    def devices(self, place: Place, with_deactivated: bool) -> dict[str, Any]:
        """The device list of a plant."""
        listed = [device for device in place.plant.devices if with_deactivated or not device.deactivated_at]
        return {"plant": self.head(place), "devices": [self.device(place, device) for device in listed]}

    def device_head(self, place: Place, device: Device) -> dict[str, Any]:
        """What every answer says of its device."""
        return {
            "deviceId": place.present(device.device_id),
            "name": device.name,
            "timezone": place.plant.zone.key,
        }

    def device(self, place: Place, device: Device) -> dict[str, Any]:
        """One entry of the device list."""
        entry = self.device_head(place, device) | {
            "type": device.kind,
            "product": device.product,
            "productId": 9099,
            "serial": device.serial or None,
            "vendor": "SMA Solar Technology AG",
            "generatorPower": float(device.nominal_w) or None,
            "isActive": not device.deactivated_at,
            "deactivatedAt": device.deactivated_at or None,
        }
        return {name: value for name, value in entry.items() if value is not None}


def asked(request: Request, name: str) -> str:
    """A parameter of a call, whose name may be written in any case; empty without one."""
    return next((value for key, value in request.query_params.items() if key.lower() == name.lower()), "")


def is_asked(request: Request, name: str) -> bool:
    """Whether a parameter is `true`."""
    return asked(request, name).lower() == "true"
