"""One promise of a contract file, with every parameter of its assessment; names as the columns, units in the names.

A field that is silent gets its default from `terms_defaults`; `None` is silent too. What fields must fit together how
stands in `terms_rules`.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from include.core.terms_fields import (
    Code,
    Currency,
    Day,
    Energy,
    Factor,
    FeeShare,
    Irradiance,
    Money,
    Name,
    Part,
    Power,
    Rate,
    Share,
    SomeEnergy,
    Text,
    Whole,
    decimal,
    must,
    says,
)

METRICS = ("availability", "energy", "performance_ratio", "capacity_factor", "completeness", "delay")
PERIOD_TYPES = ("month", "quarter", "contract_year", "rolling_12_months", "two_contract_years", "once")
EVENT_CLASSES = (
    "force_majeure", "grid_outage", "curtailment", "owner_caused", "scheduled_maintenance", "corrective_maintenance",
    "requested_shutdown", "suspended", "weather", "permit_delay", "forced_outage",
)  # fmt: skip
CATEGORIES = ("out_of_specification", "produced", "excused", "no_data", "not_producing")
SUBSTITUTES = ("backup_meter", "register_difference", "inverter_sum", "model")
ROLES = ("measured", "backup", "inverter", "irradiance", "module_temperature")

Priority = Annotated[tuple[Literal[CATEGORIES + EVENT_CLASSES], ...], Field(max_length=16)]
Classes = Annotated[tuple[Literal[EVENT_CLASSES], ...], Field(max_length=len(EVENT_CLASSES))]


class MeterUse(Part):
    """A meter in a role; a bare name in a list stands for `{meter: name}`."""

    meter: Name = must("Name, serial number or external id of a meter of the plant.")
    capacity_kw: Power | None = says("Weighs the meter under capacity weighting; default: its rated power.", "kW")
    priority: Annotated[Whole, Field(ge=1, le=1000)] | None = says(
        "Of backup meters 1 is asked first; default: the order of the list."
    )


Uses = Annotated[tuple[MeterUse, ...], Field(max_length=1000)] | None


class Meters(Part):
    """The meters that an obligation looks at, by role."""

    measured: Uses = says("Meters whose energy counts; default: PRODUCTION, else REVENUE, else INVERTER meters.")
    backup: Uses = says("Meters that stand in for a measured one; default: none.")
    inverter: Uses = says("Inverters whose sum stands in; default: the INVERTER meters where they may substitute.")
    irradiance: Uses = says(
        "Sensors, their mean counts; default: the IRRADIANCE meters, else what the measured meters deliver."
    )
    module_temperature: Uses = says("Module temperature, the mean counts; default: what the measured meters deliver.")


class GuaranteeYear(Part):
    """Energy of one contract year, where the contract lists it."""

    operating_year: Annotated[Whole, Field(ge=1, le=100)] = must("Contract year, 1 is the first.")
    expected_kwh: SomeEnergy | None = says("Expected energy of the year; the guarantee is its share.", "kWh")
    guaranteed_kwh: SomeEnergy | None = says("Guaranteed energy of the year, as the contract lists it.", "kWh")


class Obligation(Part):
    """One promise: what is measured, what excuses, what is paid."""

    code: Code = must("Identifies the promise within the contract, such as `availability`.")
    metric: Literal[METRICS] = must("What is promised.")
    clause_ref: Text | None = says("Where the contract says so.")
    title: Text | None = says("A line for people.")
    period_type: Literal[PERIOD_TYPES] | None = says("What is assessed together, in the plant's calendar.")
    guarantee_percent: decimal(20, 10, gt=0, le=200) | None = says(
        "The threshold: availability, completeness, capacity factor, or the share of the expected energy.", "percent"
    )
    guarantee_ratio: decimal(20, 10, gt=0, le=2) | None = says("The threshold of a performance ratio.", "ratio")
    settle_days: Annotated[Whole, Field(ge=0, le=400)] | None = says(
        "How long readings may still arrive before a period is judged.", "days"
    )

    measurement_boundary: Literal["delivery_point", "plant_meter", "inverter_sum"] | None = says(
        "Where energy counts; decides which meters are measured when none are named."
    )
    loss_factor: Share | None = says("Share that is lost between the meters and the boundary.", "share")
    capacity_kwp: Power | None = says("Module capacity; default: the plant's.", "kWp")
    capacity_ac_kw: Power | None = says("Capacity in alternating current; default: the plant's.", "kW")
    expected_performance_ratio: decimal(12, 10, gt=0, le=Decimal("1.5")) | None = says(
        "Turns irradiance into expected energy where energy is lost, modelled or deemed.", "ratio"
    )
    meter_error_lookback: Literal["none", "half", "full"] | None = says(
        "How far back a failed meter test corrects: not, half, or all the time since the last good test."
    )

    expected_from: Literal["irradiance", "sun_elevation", "always"] | None = says(
        "What says that the plant ought to produce."
    )
    irradiance_min_wm2: Irradiance | None = says("Slots count from this irradiance on.", "W/m2")
    sun_elevation_min_deg: decimal(8, 4, ge=-20, le=90) | None = says(
        "Slots count only above this elevation of the sun, where irradiance is not known or not asked.", "degrees"
    )
    power_min_w: decimal(16, 3, ge=0) | None = says("A meter counts as producing above this power.", "W")
    power_min_share: Share | None = says(
        "The same as a share of the meter's capacity; the larger one decides.", "share"
    )
    downtime_basis: Literal["slot", "event_log"] | None = says(
        "Whole slots, or the minutes of the logged outages, decide how long a plant was down."
    )
    weighting: Literal["time", "capacity", "irradiance", "energy"] | None = says(
        "What hours are weighed by when meters and slots are added up."
    )

    excused_classes: Classes | None = says("Classes of plant events that excuse.")
    excused_method: Literal["exclude_both", "credit"] | None = says(
        "Excused slots leave numerator and denominator, or count as available."
    )
    maintenance_hours_per_year: decimal(12, 4, ge=0) | None = says(
        "Scheduled maintenance beyond this counts as outage; silent: no bound.", "hours"
    )
    maintenance_notice_days: Annotated[Whole, Field(ge=0, le=1000)] | None = says(
        "Scheduled maintenance excuses only if it was announced so long before.", "days"
    )
    force_majeure_notice_days: Annotated[Whole, Field(ge=0, le=1000)] | None = says(
        "Force majeure excuses only if it was notified within so long after its beginning.", "days"
    )
    category_priority: Priority | None = says(
        "The first that applies to a slot is its category; `excused` or each excusing class by its name."
    )

    missing_policy: Literal["unavailable", "available", "exclude", "substitute"] | None = says(
        "What a slot without a reading is."
    )
    min_completeness_percent: decimal(7, 4, ge=0, le=100) | None = says(
        "Below this share of measured slots a period is inconclusive and no breach is asserted.", "percent"
    )
    substitute_order: Annotated[tuple[Literal[SUBSTITUTES], ...], Field(max_length=4)] | None = says(
        "What stands in for a missing reading, the first that can."
    )
    substitute_loss_factor: Share | None = says("Share lost between inverters and meter, for their sum.", "share")

    base_energy_kwh: SomeEnergy | None = says("Expected energy of the first contract year.", "kWh")
    degradation_per_year: Share | None = says(
        "Share by which expected energy, or a guaranteed performance ratio, falls every contract year.", "share"
    )
    is_temperature_corrected: bool | None = says("Correct the performance ratio for module temperature.")
    temperature_coefficient_per_c: decimal(12, 10, gt=-1, lt=1) | None = says(
        "Power change of the modules by temperature, such as -0.0035.", "1/°C"
    )
    reference_temperature_c: decimal(8, 4, ge=-50, le=150) | None = says("The module temperature corrected to.", "°C")
    efficiency_factor: Factor | None = says("Factor on the expected output of a capacity factor.", "factor")
    deemed_method: Literal["none", "interval", "monthly_ratio", "fixed"] | None = says(
        "How energy that could not be delivered is added."
    )
    deemed_classes: Classes | None = says("Classes of plant events whose energy is deemed delivered.")
    deemed_irradiance_min_wm2: Irradiance | None = says("Reference slots count only above this irradiance.", "W/m2")
    deemed_reference_kwh: Energy | None = says("`monthly_ratio`: energy of the reference month.", "kWh")
    deemed_reference_irradiance_wm2: decimal(12, 6, gt=0) | None = says(
        "`monthly_ratio`: mean irradiance of the reference month.", "W/m2"
    )
    deemed_kwh_per_interval: Energy | None = says("`fixed`: energy of each curtailed slot.", "kWh")

    promised_on: Day | None = says("Delay: the last day in time.")
    achieved_on: Day | None = says("Delay: the day it was achieved; silent while it is not.")

    shortfall_decimals: Annotated[Whole, Field(ge=0, le=12)] | None = says(
        "Round the shortfall to so many decimals before damages; silent: compare and multiply unrounded."
    )
    ld_basis: Literal["none", "per_point", "per_kwh", "per_mwh", "price_difference", "per_day", "flat"] | None = says(
        "What liquidated damages are paid for."
    )
    ld_rate: Rate | None = says(
        "Damages for each step of `ld_basis`; a point is a percentage point, of a performance ratio 0.01.", "money"
    )
    ld_alternate_price_per_mwh: decimal(20, 10) | None = says("`price_difference`: what replacing costs.", "money/MWh")
    ld_contract_price_per_mwh: decimal(20, 10) | None = says("`price_difference`: what was agreed.", "money/MWh")
    ld_floor: decimal(20, 10) | None = says("The rate is at least this; same unit as the rate.", "money")
    ld_step: decimal(20, 10, gt=0) | None = says(
        "Damages are due by steps of this size; silent: 1.", "unit of ld_basis"
    )
    ld_step_mode: Literal["pro_rata", "started", "completed"] | None = says(
        "A part of a step counts in proportion, fully, or not."
    )
    cap_per_period: Money | None = says("Most damages of one period.", "money")
    cap_per_period_fee_share: FeeShare | None = says("The same as a share of the annual fee.", "share")
    cap_per_year: Money | None = says("Most damages of one contract year.", "money")
    cap_per_year_fee_share: FeeShare | None = says("The same as a share of the annual fee.", "share")
    cap_lifetime: Money | None = says("Most damages ever.", "money")
    cap_lifetime_fee_share: FeeShare | None = says("The same as a share of the annual fee.", "share")
    rounding: Literal["half_up", "half_even", "down"] | None = says("How money is rounded, once, at the end.")
    money_decimals: Annotated[Whole, Field(ge=0, le=6)] | None = says("Decimals of money.")
    payment_currency_code: Currency | None = says("The currency damages are paid in; default: the contract's.")
    fx_rate_on: Day | None = says("The day of the exchange rate; default: the period's last day.")
    fx_fixed_rate: decimal(20, 10, gt=0) | None = says(
        "The exchange rate the contract fixes.", "payment currency per contract currency"
    )
    notice_days: Annotated[Whole, Field(ge=0, le=1000)] | None = says("Notice is to be given within this.", "days")
    cure_days: Annotated[Whole, Field(ge=0, le=1000)] | None = says("Time to cure, from notice on.", "days")
    day_count: Literal["calendar", "business"] | None = says("Which days notice and cure count.")

    meters: Meters | None = says("Which meters are looked at, by role.")
    guarantee_years: Annotated[tuple[GuaranteeYear, ...], Field(max_length=100)] | None = says(
        "Energy year by year, where the contract lists it."
    )


# fields whose column has another name
COLUMNS = {
    "code": "obligation_code",
    "guarantee_percent": "guarantee",
    "guarantee_ratio": "guarantee",
    "ld_alternate_price_per_mwh": "ld_alternate_price",
    "ld_contract_price_per_mwh": "ld_contract_price",
}
