"""What stands in for a missing reading, where the contract says so: the first of its list that knows.

backup_meter         the first backup meter, by its priority, whose readings cover the whole slot
register_difference  what a register counted over a gap, less what is known of the gap, in equal shares; the last share
                     takes what rounding to a millionth of a watt-hour leaves, so that the sum is exact
inverter_sum         all inverters together, less the losses up to the meter
model                capacity x irradiance x expected performance ratio
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from typing import Any, NamedTuple

if __package__:
    from include.evidence.offline.verify_readings import HOUR, Plant, Reading, Slot
    from include.evidence.offline.verify_terms import ZERO, error_share
else:
    from verify_readings import HOUR, Plant, Reading, Slot
    from verify_terms import ZERO, error_share

DAY_S, GAP_DAYS = 86_400, 31
UNKNOWN_LIMIT_W = Decimal(10**9)
SHARE = Decimal("1e-6")


class Gap(NamedTuple):
    """A time between two registers of one series, and what is missing in it, W h."""

    opened_at: int  # when the register before was read
    start: int
    end: int
    missing_wh: Decimal
    count: int
    last_missing_at: int

    def share(self, slot: Slot) -> Decimal:
        """What a slot without energy gets."""
        each = (self.missing_wh / self.count).quantize(SHARE, ROUND_DOWN)
        is_last = slot.start <= self.last_missing_at < slot.end
        return self.missing_wh - (self.count - 1) * each if is_last else each


def gaps_of(plant: Plant, meter_id: int) -> list[Gap]:
    """The gaps between the registers of a measured meter, also those that begin or end outside the period."""
    series: dict[tuple[str, int], list[Reading]] = defaultdict(list)
    for reading in sorted(plant.readings[meter_id] + plant.beside[meter_id], key=lambda r: r.at):
        series[reading.source, reading.seconds].append(reading)
    found = (_gap(plant, meter_id, rows, one, two) for rows in series.values() for one, two in _registers(rows))
    return sorted(gap for gap in found if gap is not None)


def _registers(rows: Sequence[Reading]) -> Iterable[tuple[Reading, Reading]]:
    return pairwise(row for row in rows if row.energy_total_wh is not None)


def _gap(plant: Plant, meter_id: int, rows: Sequence[Reading], one: Reading, two: Reading) -> Gap | None:
    # a reading with energy says what the register was at its end
    start = one.at if one.energy_wh is None else one.at + one.seconds
    if start >= two.at:
        return None
    total, modulus = one.energy_total_wh + (one.energy_wh or ZERO), plant.modulus_wh(meter_id)
    if modulus is not None and total >= modulus:
        total -= modulus
    limit = plant.limit_w(meter_id, UNKNOWN_LIMIT_W) * (two.at - start) / HOUR
    counted = difference(total, two.energy_total_wh, modulus, limit)
    known = {row.at: row.energy_wh for row in rows if start <= row.at < two.at}
    missing = [at for at in range(start, two.at - one.seconds + 1, one.seconds) if known.get(at) is None]
    if counted is None or not missing:
        return None
    steps = range(start, two.at - one.seconds + 1, one.seconds)
    left = counted - sum((known[at] for at in steps if known.get(at) is not None), ZERO)
    return Gap(one.at, start, two.at, left, len(missing), missing[-1]) if left >= 0 else None


def difference(earlier: Decimal, later: Decimal, modulus: Decimal | None, limit: Decimal) -> Decimal | None:
    """Energy between two registers, W h; a smaller later one is a rollover where the modulus explains it."""
    if ZERO <= later - earlier <= limit:
        return later - earlier
    if modulus is not None and later < earlier <= modulus and later + modulus - earlier <= min(limit, modulus / 2):
        return later + modulus - earlier
    return None


def fill(plant: Plant, slots: Sequence[Slot], gaps: Sequence[Gap], tests: Sequence[Mapping[str, Any]]) -> None:
    """Give the slots of a day that have no energy what stands in for it."""
    terms = plant.terms
    if terms.words["missing_policy"] != "substitute":
        return
    day_start, day_end = slots[0].start, slots[-1].end
    near = [g for g in gaps if g.opened_at >= day_start - GAP_DAYS * DAY_S and g.end < day_end + GAP_DAYS * DAY_S]
    at_boundary = 1 - terms.need("loss_factor")
    for slot in slots:
        if slot.is_measured_energy:
            continue
        offered = {
            "backup_meter": _times(_backup(plant, slot, tests), at_boundary),
            "register_difference": _times(_register(plant, slot, near, tests), at_boundary),
            "inverter_sum": _times(_inverters(plant, slot, tests), at_boundary),
            "model": slot.model_wh,
        }
        known = [name for name in terms.words["substitute_order"] if offered[name] is not None]
        if known:
            slot.substitution, slot.energy_wh = known[0], offered[known[0]]
            slot.is_known = True


def _backup(plant: Plant, slot: Slot, tests: Sequence[Mapping[str, Any]]) -> Decimal | None:
    energies = (_helped(plant, slot, meter["meter_id"], tests) for meter in plant.terms.helpers("backup"))
    return next((energy for energy in energies if energy is not None), None)


def _inverters(plant: Plant, slot: Slot, tests: Sequence[Mapping[str, Any]]) -> Decimal | None:
    energies = [_helped(plant, slot, meter["meter_id"], tests) for meter in plant.terms.helpers("inverter")]
    if not energies or None in energies:
        return None
    return sum(energies, ZERO) * (1 - plant.terms.need("substitute_loss_factor"))


def _helped(plant: Plant, slot: Slot, meter_id: int, tests: Sequence[Mapping[str, Any]]) -> Decimal | None:
    """What another meter says of the whole slot, its own error taken out."""
    help_ = slot.helped.get(meter_id)
    if help_ is None or help_.energy_seconds < slot.seconds:
        return None
    return help_.energy_wh / (1 + _error(plant, meter_id, slot, tests))


def _register(plant: Plant, slot: Slot, gaps: Iterable[Gap], tests: Sequence[Mapping[str, Any]]) -> Decimal | None:
    gap = next((gap for gap in gaps if gap.start <= slot.start < gap.end), None)
    return None if gap is None else gap.share(slot) / (1 + _error(plant, slot.meter_id, slot, tests))


def _error(plant: Plant, meter_id: int, slot: Slot, tests: Sequence[Mapping[str, Any]]) -> Decimal:
    own = [test for test in tests if test["meter_id"] == meter_id]
    return error_share(plant.terms.words["meter_error_lookback"], own, slot.start)


def _times(energy: Decimal | None, factor: Decimal) -> Decimal | None:
    return None if energy is None else energy * factor
