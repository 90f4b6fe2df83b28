"""Enphase v4: the series we can read, where each is found and which of our columns its cells fill."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a system.

    path:     behind `/api/v4/systems/{id}/`
    seconds:  length of an interval
    cells:    the vendor's name -> our column, in the vendor's units (Wh and W)
    needs:    what a system must have for the series to be there; empty where devices carry it
    is_split: whether each interval comes in parts that make its value only together: channels of a meter, or one
              inner list for each grid meter
    """

    title: str
    path: str
    seconds: int
    cells: dict[str, str]
    needs: str = ""
    is_split: bool = False


SERIES = {
    "micros": Series(
        "Sum of the microinverters", "telemetry/production_micro", 300, {"enwh": "energy", "powr": "power"}, "micros"
    ),
    "production_meter": Series(
        "Sum of the production meters", "telemetry/production_meter", 900, {"wh_del": "energy"}, "production_meter"
    ),
    "rgm_stats": Series("Production meter", "rgm_stats", 900, {"wh_del": "energy"}, is_split=True),
    "consumption": Series(
        "Consumption of the site", "telemetry/consumption_meter", 900, {"enwh": "consumption_wh"}, "grid"
    ),
    "grid_import": Series(
        "Energy from the grid", "energy_import_telemetry", 900, {"wh_imported": "import_wh"}, "grid", is_split=True
    ),
    "grid_export": Series(
        "Energy to the grid", "energy_export_telemetry", 900, {"wh_exported": "export_wh"}, "grid", is_split=True
    ),
}
