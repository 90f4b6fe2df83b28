"""What a contract takes from its plant: meters by role and capacities, frozen with the version.

measured:    as named, else by the boundary: PRODUCTION, REVENUE, INVERTER meters, the first kind that the plant has
irradiance:  as named, else the IRRADIANCE meters; none: the irradiance that the measured meters deliver themselves
inverter:    as named, else the INVERTER meters, where their sum may stand in for a missing reading
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from include.core.contract_errors import CONTRADICTION, MISSING, UNKNOWN_NAME, Flaw
from include.core.terms_obligation import ROLES, Meters, MeterUse, Obligation
from include.core.terms_rules import lost_energy_uses

KINDS = {
    "plant_meter": ("PRODUCTION", "REVENUE", "INVERTER"),
    "delivery_point": ("REVENUE", "PRODUCTION", "INVERTER"),
    "inverter_sum": ("INVERTER", "PRODUCTION", "REVENUE"),
}
WATT = Decimal("0.001")  # of a kilowatt
# whether readings of some meters carry irradiance; null: there are no readings yet
Asked = Callable[[list[int]], bool | None]


@dataclass(slots=True)
class Settled:
    """An obligation at its plant; `meters` are rows of core.obligation_meter with the meter's name."""

    obligation: Obligation
    meters: list[dict[str, Any]] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of_role(self, role: str) -> list[dict[str, Any]]:
        """The meters of a role."""
        return [meter for meter in self.meters if meter["role"] == role]


def settle(obligation: Obligation, plant: Mapping[str, Any], place: str, has_irradiance: Asked) -> Settled:
    """Find an obligation's meters and capacities, and what it lacks."""
    capacities = {
        "capacity_kwp": obligation.capacity_kwp or plant["installed_dc_capacity_kwp"],
        "capacity_ac_kw": obligation.capacity_ac_kw or plant["installed_ac_capacity_kw"],
    }
    settled = Settled(obligation.model_copy(update=capacities))
    if obligation.metric != "delay":
        _meters(settled, plant, place)
        _irradiance(settled, place, has_irradiance)
    _needs(settled, plant, place)
    return settled


def find_meter(plant: Mapping[str, Any], text: str) -> dict[str, Any] | str:
    """The plant's meter of that external id, serial number or name; a text says why there is none."""
    for column in ("external_meter_id", "serial_number", "name"):
        found = [meter for meter in plant["meters"] if meter[column] == text]
        if len(found) == 1:
            return found[0]
        if found:
            return f"several meters have the {column} {text!r}"
    return f"the plant {plant['name']} has no meter {text!r}"


def _meters(settled: Settled, plant: Mapping[str, Any], place: str) -> None:
    obligation, named = settled.obligation, settled.obligation.meters or Meters()
    for role in ROLES:
        uses = getattr(named, role)
        if uses is None:
            settled.meters += [_row(role, meter, 1) for meter in _default(role, obligation, plant, settled)]
            continue
        for number, use in enumerate(uses):
            meter = find_meter(plant, use.meter)
            if isinstance(meter, str):
                here = f"{place}.meters.{role}[{number}]"
                known = ", ".join(other["name"] for other in plant["meters"]) or "none"
                settled.flaws.append(Flaw(UNKNOWN_NAME, here, meter, f"its meters are: {known}"))
            else:
                settled.meters.append(_row(role, meter, number + 1, use))
    if not settled.of_role("measured"):
        remedy = "name meters.measured, or register the plant's meters"
        settled.flaws.append(Flaw(MISSING, f"{place}.meters.measured", "no meter is measured", remedy))
    for role in ("backup", "inverter"):
        if settled.of_role(role) and len(settled.of_role("measured")) > 1:
            message = "nobody can tell for which of several measured meters they stand in"
            remedy = "name one measured meter, or make each measured meter a promise of its own"
            settled.flaws.append(Flaw(CONTRADICTION, f"{place}.meters.{role}", message, remedy))
    seen: set[tuple[str, int]] = set()
    for meter in settled.meters:
        keys = {(meter["role"], meter["meter_id"])}
        if meter["role"] in {"measured", "backup"}:
            keys.add(("counted", meter["meter_id"]))
        if keys & seen:
            message = f"names {meter['meter']} twice"
            settled.flaws.append(Flaw(CONTRADICTION, f"{place}.meters.{meter['role']}", message, "name it once"))
        seen |= keys


def _default(role: str, obligation: Obligation, plant: Mapping[str, Any], settled: Settled) -> list[dict[str, Any]]:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for meter in plant["meters"]:
        by_kind.setdefault(meter["meter_type"], []).append(meter)
    if role == "measured":
        return next((by_kind[kind] for kind in KINDS[obligation.measurement_boundary] if kind in by_kind), [])
    if role == "irradiance":
        return by_kind.get("IRRADIANCE", [])
    if (
        role == "inverter"
        and obligation.missing_policy == "substitute"
        and "inverter_sum" in obligation.substitute_order
    ):
        measured = {meter["meter_id"] for meter in settled.of_role("measured")}
        return [meter for meter in by_kind.get("INVERTER", []) if meter["meter_id"] not in measured]
    return []


def _row(role: str, meter: Mapping[str, Any], place: int, use: MeterUse | None = None) -> dict[str, Any]:
    rated = meter["rated_power_w"]
    capacity = use.capacity_kw if use and use.capacity_kw else (rated / 1000).quantize(WATT) if rated else None
    is_summed = role in {"measured", "inverter"}
    return {
        "role": role,
        "meter_id": meter["meter_id"],
        "meter": meter["name"],
        "priority": use.priority if use and use.priority else 1 if is_summed else place,
        "capacity_kw": capacity or None,
    }


def _irradiance(settled: Settled, place: str, has_irradiance: Asked) -> None:
    """An obligation that cannot do without irradiance has a source of it."""
    obligation = settled.obligation
    if settled.of_role("irradiance") or not settled.of_role("measured"):
        return
    why = next(iter(_irradiance_uses(obligation)), None)
    found = has_irradiance([meter["meter_id"] for meter in settled.of_role("measured")]) if why else True
    if found is False:
        remedy = "name meters.irradiance, or register an IRRADIANCE meter of the plant"
        message = f"no meter delivers irradiance, which {why} needs"
        settled.flaws.append(Flaw(MISSING, f"{place}.meters.irradiance", message, remedy))
    elif found is None or obligation.expected_from == "irradiance":
        settled.notes.append(f"{obligation.code}: no irradiance meter; what the measured meters deliver is used")


def _irradiance_uses(obligation: Obligation) -> Iterator[str]:
    if obligation.metric == "performance_ratio":
        yield "a performance ratio"
    if obligation.deemed_method in {"interval", "monthly_ratio"}:
        yield f"deemed energy by {obligation.deemed_method}"
    if obligation.metric == "availability" and obligation.weighting == "irradiance":
        yield "weighting by irradiance"
    yield from lost_energy_uses(obligation)


def _needs(settled: Settled, plant: Mapping[str, Any], place: str) -> None:
    """What must be known of the plant."""
    obligation = settled.obligation
    needed = {
        "capacity_kwp": obligation.metric == "performance_ratio" or any(lost_energy_uses(obligation)),
        "capacity_ac_kw": obligation.metric == "capacity_factor",
    }
    for name, is_needed in needed.items():
        if is_needed and getattr(obligation, name) is None:
            remedy = "say it, or register the plant's capacity"
            settled.flaws.append(Flaw(MISSING, f"{place}.{name}", f"is missing, and {plant['name']} has none", remedy))
    if obligation.metric == "availability" and obligation.expected_from != "always":
        has_place = plant["latitude"] is not None and plant["longitude"] is not None
        if not has_place and obligation.expected_from == "sun_elevation":
            message = f"nobody knows where {plant['name']} lies"
            settled.flaws.append(
                Flaw(MISSING, f"{place}.expected_from", message, "register its latitude and longitude")
            )
        elif not has_place:
            settled.notes.append(
                f"{obligation.code}: slots without irradiance stay undecided, for the plant has no place"
            )
    measured = settled.of_role("measured")
    weighs = obligation.weighting == "capacity" and len(measured) > 1
    weighs |= obligation.power_min_share > 0 and obligation.capacity_ac_kw is None
    for meter in measured:
        if weighs and meter["capacity_kw"] is None:
            message = f"nobody knows the capacity of {meter['meter']}"
            remedy = "say its capacity_kw, or register its rated_power_w"
            settled.flaws.append(Flaw(MISSING, f"{place}.meters.measured", message, remedy))
