"""The contract's terms, ready to be calculated with, and what follows from them alone.

All arithmetic is decimal, to fifty digits. Power is in W, capacity in kWp and kW, time in seconds since 1970 UTC.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, getcontext
from typing import Any
from zoneinfo import ZoneInfo

getcontext().prec = 50
ZERO, EIGHT = Decimal(0), Decimal("1e-8")


def instant(text: str) -> Decimal:
    """Seconds since 1970 of a text in UTC."""
    at = datetime.fromisoformat(text)
    return Decimal(int(at.replace(microsecond=0).timestamp())) + Decimal(at.microsecond) / 10**6


def number(value: Any) -> Decimal | None:
    """A decimal, or None."""
    return None if value is None else Decimal(value)


def local_day(text: str, zone: str) -> str:
    """The day that clocks of a zone show at an instant."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).date().isoformat()


def text(value: Decimal) -> str:
    """A decimal to eight places, in plain notation without trailing zeros."""
    words = f"{value.quantize(EIGHT, ROUND_HALF_UP):f}".rstrip("0").rstrip(".")
    return "0" if words in {"", "-0"} else words


def utc_text(at: int) -> str:
    """Seconds since 1970 as a text in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


class Terms:
    """What the contract says, ready to be calculated with."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        stated = documents["contract_terms"]
        self.plant: dict[str, Any] = stated["plant"]
        self.version: dict[str, Any] = stated["contract_version"]
        self.guarantee_years: list[dict[str, Any]] = stated["guarantee_years"]
        self.words: dict[str, Any] = stated["obligation"]
        self.meters: list[dict[str, Any]] = stated["meters"]
        self.measured = [meter for meter in self.meters if meter["role"] == "measured"]
        self.capacity_w, self.capacity_kwp, self.capacity_kw = self._capacities()

    def number(self, name: str) -> Decimal | None:
        """A parameter that is a decimal."""
        return number(self.words[name])

    def need(self, name: str) -> Decimal:
        """A parameter that must be there."""
        return Decimal(self.words[name])

    def helpers(self, *roles: str) -> list[dict[str, Any]]:
        """Meters in a role, the first one first."""
        found = [meter for meter in self.meters if meter["role"] in roles]
        return sorted(found, key=lambda meter: (meter["priority"], meter["meter_id"]))

    def _capacities(self) -> tuple[dict[int, Decimal | None], dict[int, Decimal | None], dict[int, Decimal | None]]:
        """Rating (W), share of the module capacity (kWp) and capacity for weighing (kW) of each measured meter."""
        ratings = {}
        for meter in self.measured:
            own = number(meter["capacity_kw"])
            ratings[meter["meter_id"]] = number(meter["rated_power_w"]) if own is None else 1000 * own
        is_rated = all(rating is not None for rating in ratings.values())
        total = sum(ratings.values()) if is_rated else Decimal(len(ratings))
        shares = {meter: (rating if is_rated else Decimal(1)) / total for meter, rating in ratings.items()}
        modules = number(self.words["capacity_kwp"] or self.plant["installed_dc_capacity_kwp"])
        alternating = self.number("capacity_ac_kw")
        watts = {
            meter: rating if rating is not None or alternating is None else 1000 * alternating * shares[meter]
            for meter, rating in ratings.items()
        }
        peaks = {meter: None if modules is None else modules * share for meter, share in shares.items()}
        return watts, peaks, {meter: None if rating is None else rating / 1000 for meter, rating in ratings.items()}


def error_share(lookback: str, tests: Iterable[Mapping[str, Any]], at: int) -> Decimal:
    """How much too high a meter read at an instant, says the next test; what an earlier one says stays."""
    before = None
    for test in sorted(tests, key=lambda test: instant(test["tested_at"])):
        good, tested = instant(test["last_good_at"]), instant(test["tested_at"])
        begins = {"full": good, "half": good + (tested - good) / 2, "none": tested}[lookback]
        if (begins if before is None else max(begins, before)) <= at < tested:
            return Decimal(test["error_share"])
        before = tested
    return ZERO


def sun_elevation_deg(latitude: float, longitude: float, at: float) -> float:
    """Elevation of the sun's centre, degrees, by the Astronomical Almanac's low-precision formulas."""
    days = at / 86400 - 10957.5
    anomaly = math.radians(357.528 + 0.9856003 * days)
    ecliptic = math.radians(280.460 + 0.9856474 * days + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    obliquity = math.radians(23.439 - 0.0000004 * days)
    declination = math.asin(math.sin(obliquity) * math.sin(ecliptic))
    ascension = math.degrees(math.atan2(math.cos(obliquity) * math.sin(ecliptic), math.cos(ecliptic)))
    hour_angle = math.radians(280.46062 + 360.98564737 * days + longitude - ascension)
    north = math.radians(latitude)
    height = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, height))))
