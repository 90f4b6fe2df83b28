"""What stands in for silent meters, worked out by hand: registers, backups, inverters, a model; in an autumn month."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction as F
from zoneinfo import ZoneInfo

import pytest

from tests.pipeline import own_months as own
from tests.pipeline.own_office import Office, file_of, plant

LONDON = ZoneInfo("Europe/London")
START, END = datetime(2025, 9, 30, 23, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC)
# the main meter is silent: five hours of a day, over the hour that comes twice, and a whole day
SILENT = [
    (datetime(2025, 10, 7, 9, 30, tzinfo=UTC), datetime(2025, 10, 7, 14, 30, tzinfo=UTC)),
    (datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 9, tzinfo=UTC)),
    (datetime(2025, 10, 29, tzinfo=UTC), datetime(2025, 10, 30, tzinfo=UTC)),
]
BACKUP_SILENT = (datetime(2025, 10, 29, 11, tzinfo=UTC), datetime(2025, 10, 29, 13, tzinfo=UTC))
LOSS, INVERTER_LOSS, RATIO, BASE_KWH = F("0.013"), F("0.027"), F("0.77"), 250_000
ENERGY = {
    "metric": "energy", "period_type": "month", "guarantee_percent": 96, "base_energy_kwh": BASE_KWH, "settle_days": 0,
    "loss_factor": "0.013", "missing_policy": "substitute", "min_completeness_percent": 50, "ld_basis": "per_kwh",
    "ld_rate": "0.061", "capacity_kwp": 100, "expected_performance_ratio": "0.77",
}  # fmt: skip
MEASURED = {"measured": ["Main"], "irradiance": ["Main"]}
OBLIGATIONS = [
    ENERGY | {"code": "backup", "substitute_order": ["backup_meter", "model"],
              "meters": MEASURED | {"backup": ["Check"]}},
    ENERGY | {"code": "register", "substitute_order": ["register_difference", "backup_meter"],
              "meters": MEASURED | {"backup": ["Check"]}},
    ENERGY | {"code": "inverters", "substitute_order": ["inverter_sum"], "substitute_loss_factor": "0.027",
              "meters": MEASURED | {"inverter": ["I1", "I2"]}},
    ENERGY | {"code": "none", "missing_policy": "exclude", "meters": MEASURED},
]  # fmt: skip


@pytest.fixture
def office(warehouse, tmp_path) -> Office:
    return Office(warehouse, tmp_path)


def is_within(at: datetime, *spans: tuple[datetime, datetime]) -> bool:
    return any(start <= at < end for start, end in spans)


def light(at: datetime) -> int:
    hour = at.hour + at.minute / 60
    return max(0, int(640 - 26 * (hour - 12) ** 2) - at.timetuple().tm_yday * 41 % 130)


def slots_of(seconds: int, wh_per_wm2: F, *silent: tuple[datetime, datetime]) -> list[own.Slot]:
    """Energy by the light of each quarter of an hour, so that halves and hours are sums of the same."""
    found, at = [], START
    while at < END:
        quarters = [light(at + timedelta(seconds=900 * n)) for n in range(seconds // 900)]
        energy = None if is_within(at, *silent) else sum(quarters) * wh_per_wm2
        found.append(own.Slot(at, seconds, energy, F(sum(quarters), len(quarters))))
        at += timedelta(seconds=seconds)
    return found


def test_silent_meters_are_replaced_by_what_the_contract_names_first(office) -> None:
    main, check = slots_of(1800, F(20), *SILENT), slots_of(3600, F(21), BACKUP_SILENT)
    inverters = {name: slots_of(3600, wh) for name, wh in (("I1", F(12)), ("I2", F(9)))}
    office.register(plant("Thames", "Europe/London", {"Main": 100, "Check": 100, "I1": 60, "I2": 40}))
    office.apply({
        "contract": {"external_contract_id": "GB", "project": "Thames", "name": "GB", "starts_on": "2025-10-01",
                     "ends_on": "2025-10-31", "currency_code": "GBP"},
        "obligations": OBLIGATIONS,
    })  # fmt: skip
    total, lines = (
        F(5_000_000),
        ["timestamp,site_id,device_id,energy_wh,energy_total_wh,irradiance_wm2,interval_seconds"],
    )
    for slot, produced in zip(main, slots_of(1800, F(20)), strict=True):
        energy, register = ("", "") if slot.energy_wh is None else (float(slot.energy_wh), float(total))
        lines.append(f"{slot.at.isoformat()},Thames,Main,{energy},{register},{float(slot.irradiance_wm2)},1800")
        total += produced.energy_wh  # a register tells what it showed when its interval began
    office.deliver("\n".join(lines) + "\n", "main.csv")
    office.deliver(file_of({"Check": check, **inverters}, "Thames"), "others.csv")
    found = office.publish()

    kept = 1 - LOSS
    measured = own.energy_kwh(main) * kept
    gaps = [slot for slot in main if slot.energy_wh is None]
    by_hour = {
        name: {slot.at: slot.energy_wh for slot in series} for name, series in ({"Check": check} | inverters).items()
    }

    def half(name: str, slot: own.Slot) -> F | None:
        """Of an hourly meter, the half that a slot of the main meter has of its hour."""
        whole = by_hour[name][slot.at.replace(minute=0)]
        return None if whole is None else whole / 2

    backed = sum((half("Check", s) or F(0)) * kept / 1000 for s in gaps)
    modelled = sum(100 * RATIO * s.irradiance_wm2 * s.hours / 1000 for s in gaps if half("Check", s) is None)
    summed = sum((half("I1", s) + half("I2", s)) * (1 - INVERTER_LOSS) * kept / 1000 for s in gaps)
    assert len(gaps) == 10 + 22 + 48 and 0 < modelled < backed
    guaranteed = F(BASE_KWH, 365) * 31 * F("0.96")
    for code, actual, substituted in (
        ("backup", measured + backed + modelled, 80),
        ("register", own.energy_kwh(slots_of(1800, F(20))) * kept, 80),
        ("inverters", measured + summed, 80),
        ("none", measured, 0),
    ):
        row = found[code, "2025-10-01"]
        damages = own.money((guaranteed - actual) * F("0.061"))
        office.assert_result(row, actual, damages, damages)
        assert row["substituted_slots"] == substituted
    assert office.intact_packs() == 4
