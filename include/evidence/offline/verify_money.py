"""From what is missing to money: liquidated damages, caps and payment.

What earlier periods used up of the caps, and the exchange rate of a day, are taken as calculation.json states them:
they are no part of this period's readings.
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

if __package__:
    from include.evidence.offline.verify_period import Period
    from include.evidence.offline.verify_terms import ZERO, number
else:
    from verify_period import Period
    from verify_terms import ZERO, number

ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
ONE = Decimal(1)


def of_shortfall(
    period: Period, stated: Mapping[str, Any], outcome: str, shortfall: Decimal | None
) -> dict[str, Decimal | None]:
    """Damages before and after caps, and the payment; null where none are agreed or nothing is known."""
    words = period.terms.words
    names = ("ld_before_cap", "ld_cap", "ld_payable", "payment_amount")
    if words["ld_basis"] == "none" or outcome == "inconclusive":
        return dict.fromkeys(names)
    if outcome == "kept" or not shortfall:
        return {"ld_before_cap": ZERO, "ld_payable": ZERO, "payment_amount": ZERO}
    units = _units(period, shortfall)
    if units is None:
        return dict.fromkeys(names)
    exact = damages(words, units)
    if not exact:
        return {"ld_before_cap": ZERO, "ld_payable": ZERO, "payment_amount": ZERO}
    before = rounded(exact, words["money_decimals"], words["rounding"])
    steps = {step["name"]: step["inputs"] for step in stated["calculation"].get("steps", [])}
    cap = _cap(period, steps.get("cap", {}))
    rate = number(steps.get("payment", {}).get("exchange_rate"))
    left = exact if cap is None else min(exact, cap)
    return {
        "ld_before_cap": before,
        "ld_cap": cap,
        "ld_payable": before if cap is None else min(before, cap),
        "payment_amount": None if rate is None else rounded(left * rate, words["money_decimals"], words["rounding"]),
    }


def _units(period: Period, shortfall: Decimal) -> Decimal | None:
    """What the rate is paid for; null where the energy behind a point is not known."""
    metric, basis = period.event["metric"], period.terms.words["ld_basis"]
    if basis == "per_point":
        return shortfall * (100 if metric == "performance_ratio" else 1)
    if basis == "per_day":
        return shortfall if metric == "delay" else Decimal((period.last - period.first).days + 1)
    if basis == "flat":
        return ONE
    whole = _energy_behind(period, metric)
    if whole is None:
        return None
    return shortfall * whole if basis == "per_kwh" else shortfall * whole / 1000


def _energy_behind(period: Period, metric: str) -> Decimal | None:
    """The energy that one unit of a shortfall stands for, kWh."""
    if metric == "energy":
        return ONE
    if metric == "performance_ratio":
        capacity = period.terms.number("capacity_kwp")
        return None if capacity is None else capacity * period.yield_hours()
    if metric == "availability":
        made, lost = period.energy(), period.energy("lost_energy_wh")
        return None if None in (made, lost) else (made + lost) / 100
    full = period.full_energy()
    return None if full is None else full / 100


def damages(words: Mapping[str, Any], units: Decimal) -> Decimal:
    """Liquidated damages, unrounded and before any cap."""
    if words["ld_basis"] == "flat":
        return Decimal(words["ld_rate"])
    rate = number(words["ld_rate"])
    if words["ld_basis"] == "price_difference":
        rate = Decimal(words["ld_alternate_price"]) - Decimal(words["ld_contract_price"])
    rate = max(ZERO, *(value for value in (rate, number(words["ld_floor"])) if value is not None))
    step = number(words["ld_step"]) or ONE
    whole = {"started": ROUND_CEILING, "completed": ROUND_FLOOR}.get(words["ld_step_mode"])
    # divided last: a third of a step at 0.015 is 0.005
    return units * rate / step if whole is None else (units / step).quantize(ONE, whole) * rate


def _cap(period: Period, used: Mapping[str, Any]) -> Decimal | None:
    """What the caps leave: each less what earlier periods used of it, rounded down; null without any cap."""
    words, version = period.terms.words, period.terms.version
    levels = {
        "": (words, "cap_per_period"),
        "used_in_year": (words, "cap_per_year"),
        "used_in_lifetime": (words, "cap_lifetime"),
        "used_in_contract_year": (version, "cap_per_year"),
        "used_in_contract_lifetime": (version, "cap_lifetime"),
    }
    left = []
    for name, (row, cap) in levels.items():
        amounts = [number(row[cap]), _share(row[f"{cap}_fee_share"], version["annual_fee"])]
        known = [amount for amount in amounts if amount is not None]
        if known:
            left.append(max(ZERO, min(known) - (number(used.get(name)) or ZERO)))
    return rounded(min(left), words["money_decimals"], "down") if left else None


def _share(share: Any, fee: Any) -> Decimal | None:
    return None if share is None or fee is None else Decimal(share) * Decimal(fee)


def rounded(value: Decimal, decimals: int, mode: str) -> Decimal:
    """A number rounded by the contract's rule."""
    return value.quantize(ONE.scaleb(-decimals), ROUNDINGS[mode])
