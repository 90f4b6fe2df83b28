"""The offline rules against the worked examples: another implementation than the warehouse's, the same numbers."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from include.evidence.hashes import reading_line
from include.evidence.offline.verify_money import damages, rounded
from include.evidence.offline.verify_result import resolved
from include.evidence.offline.verify_terms import Terms
from tests.unit.evidence.cases import METER, START, a_case, event, outage, readings, sized_days

HOURS = tuple(f"2026-06-01T{hour:02}" for hour in range(24))
DOWN = ("2026-06-01T10", "2026-06-01T11")


def percent(case, name: str = "availability_percent") -> str | None:
    value = case.event[name]
    return None if value is None else f"{value:.2f}"


@pytest.mark.parametrize(
    ("zero", "without", "terms", "expected"),
    [
        ((), (), {}, "100.00"),
        (DOWN, (), {}, "81.82"),
        (DOWN, (), {"weighting": "irradiance"}, "71.61"),
        (DOWN, (), {"weighting": "energy"}, "71.82"),
        (DOWN, HOURS[9:10], {"missing_policy": "unavailable"}, "72.73"),
        (DOWN, HOURS[9:10], {"missing_policy": "exclude"}, "80.00"),
        (DOWN, HOURS[9:10], {"missing_policy": "available"}, "81.82"),
        ((), HOURS[:6], {}, "100.00"),
        ((), HOURS, {"missing_policy": "exclude"}, None),
        ((), HOURS, {"missing_policy": "unavailable"}, "0.00"),
    ],
)
def test_days_of_the_profile(zero, without, terms, expected):
    case = a_case(1, readings(1, zero=zero, without=without), obligation=terms)
    assert percent(case) == expected


def test_what_one_day_does_not_know_nobody_knows_of_the_period():
    """As the warehouse has it: a day that lost an unknown energy leaves no energy availability to claim by."""
    terms = {"weighting": "energy", "expected_performance_ratio": None}
    case = a_case(2, readings(2, zero=DOWN), obligation=terms)
    assert [day["lost_energy_wh"] for day in case.days] == [None, 0]
    assert (percent(case), case.event["shortfall"], case.event["ld_payable"]) == (None, None, None)


def test_a_day_adds_up():
    day = a_case(1, readings(1, zero=DOWN)).days[0]
    assert (day["produced_hours"], day["not_producing_hours"], day["out_of_specification_hours"]) == (9, 2, 13)
    assert (day["energy_wh"], day["lost_energy_wh"]) == (316_000, 124_000)


@pytest.mark.parametrize(("method", "expected"), [("exclude_both", "90.00"), ("credit", "90.91")])
def test_an_excuse_leaves_the_sum_or_is_credited(method, expected):
    case = a_case(
        1,
        readings(1, zero=DOWN),
        obligation={"excused_method": method},
        plant_events=[outage("curtailment", 1, 11, 12)],
    )
    assert (percent(case), percent(case, "raw_availability_percent")) == (expected, "81.82")
    assert case.event["excused_hours_by_class"] == {"curtailment": 1} and case.event["excused_event_ids"] == [11]


def test_events_that_overlap_excuse_once_and_late_notice_not_at_all():
    told = {"notified_at": START + timedelta(days=3)}
    events = [
        outage("curtailment", 1, 10, 11.6),
        outage("curtailment", 1, 11, 12, plant_event_id=12),
        outage("force_majeure", 1, 7, 8, plant_event_id=13, **told),
    ]
    zero = (*DOWN, "2026-06-01T07")
    case = a_case(1, readings(1, zero=zero), plant_events=events, obligation={"force_majeure_notice_days": 2})
    assert case.event["excused_hours_by_class"] == {"curtailment": 2} and percent(case) == "88.89"
    in_time = a_case(1, readings(1, zero=zero), plant_events=events, obligation={"force_majeure_notice_days": 3})
    assert in_time.event["excused_hours_by_class"] == {"curtailment": 2, "force_majeure": 1}


@pytest.mark.parametrize(("basis", "down"), [("slot", "0.5"), ("event_log", "0.75")])
def test_the_contract_says_whether_slots_or_the_log_measure_an_outage(basis, down):
    """10:05 to 10:50 in quarter-hours; the first and the last still show energy."""
    rows = [
        {
            "meter_id": 7, "timestamp": START + timedelta(minutes=15 * n), "reading_interval_seconds": 900,
            "source_system": "manual", "quality": "measured", "irradiance_wm2": Decimal(500),
            "energy_wh": Decimal(0 if n in (41, 42) else 10_000),
        }
        for n in range(96)
    ]  # fmt: skip
    event = outage("forced_outage", 1, 10 + 5 / 60, 10 + 50 / 60)
    case = a_case(1, rows, days=sized_days(1, seconds=900), plant_events=[event], obligation={"downtime_basis": basis})
    assert case.event["hours_expected"] - case.event["hours_available"] == Decimal(down)


def test_days_are_added_up_not_averaged():
    zero = tuple(f"2026-06-02T{hour:02}" for hour in range(12, 18))
    case = a_case(2, readings(2, zero=zero))
    assert (case.event["hours_available"], case.event["hours_expected"]) == (16, 22)


def test_capacity_weighs_meters():
    meters = [{**METER, "meter_id": n, "rated_power_w": Decimal(kw) * 1000} for n, kw in ((1, 500), (2, 300), (3, 200))]
    down = {1: 0, 2: 9, 3: 40}
    rows = []
    for meter in (1, 2, 3):
        for n in range(200):
            at = START + timedelta(hours=n)
            rows.append({"meter_id": meter, "timestamp": at, "reading_interval_seconds": 3600, "source_system": "m",
                         "quality": "measured", "energy_wh": Decimal(0 if n < down[meter] else 5)})  # fmt: skip
    days = [day for meter in (1, 2, 3) for day in sized_days(9, meter)]
    obligation = {"weighting": "capacity", "expected_from": "always", "missing_policy": "exclude"}
    case = a_case(9, rows, meters=meters, days=days, obligation=obligation)
    assert percent(case) == "94.65"


def test_scheduled_maintenance_beyond_the_allowance_counts_as_outage():
    events = [outage("scheduled_maintenance", day, 10, 12, plant_event_id=20 + day) for day in (1, 2, 3)]
    zero = tuple(f"2026-06-0{day}T{hour}" for day in (1, 2, 3) for hour in (10, 11))
    case = a_case(3, readings(3, zero=zero), plant_events=events, obligation={"maintenance_hours_per_year": Decimal(3)})
    assert case.event["excused_hours_by_class"] == {"scheduled_maintenance": 3}
    assert (case.event["hours_available"], case.event["hours_expected"]) == (27, 30)


def terms_of(**words) -> dict:
    known = {"ld_rate": "500", "ld_step": "0.1", "ld_step_mode": "pro_rata", "ld_floor": None, "ld_basis": "per_point"}
    return known | {"ld_alternate_price": None, "ld_contract_price": None} | words


@pytest.mark.parametrize(
    ("units", "words", "amount"),
    [
        ("0.8", {}, "4000"),
        ("0.75", {}, "3750"),
        ("0.75", {"ld_step_mode": "started"}, "4000"),
        ("0.75", {"ld_step_mode": "completed"}, "3500"),
        ("463.91625", {"ld_basis": "price_difference", "ld_alternate_price": "62", "ld_contract_price": "48.5",
                       "ld_step": None, "ld_rate": None}, "6262.869375"),
        ("463.91625", {"ld_basis": "price_difference", "ld_alternate_price": "62", "ld_contract_price": "48.5",
                       "ld_step": None, "ld_rate": None, "ld_floor": "20"}, "9278.325"),
        ("3", {"ld_basis": "flat"}, "500"),
        ("1", {"ld_step": "3", "ld_rate": "0.015"}, "0.005"),
    ],
)  # fmt: skip
def test_damages(units, words, amount):
    assert damages(terms_of(**words), Decimal(units)) == Decimal(amount)


@pytest.mark.parametrize(
    ("shortfall", "guaranteed", "counts"),
    [
        ("1.4e-17", "98", "0"), ("9.79e-10", "98", "0"), ("9.81e-10", "98", "9.81e-10"),
        ("1.200000000000000014", "98", "1.2"), ("1.224999999999999986", "98", "1.225"),
        ("5.375994215473608098", "95", "5.375994215473608098"), ("0.0078271590909090", "0.79", "0.0078271590909090"),
        ("463916.25", "16483916.25", "463916.25"), ("534e-12", "57965.753424657534246575", "0"),
        ("0.001", "1000000", "0.001"), ("12", "0", "12"),
    ],
)  # fmt: skip
def test_endless_fractions_leave_nothing_behind(shortfall, guaranteed, counts):
    assert resolved(Decimal(shortfall), Decimal(guaranteed)) == Decimal(counts)


def test_a_cap_leaves_what_earlier_periods_did_not_use():
    zero = tuple(f"2026-06-0{day}T{hour}" for day in range(1, 6) for hour in (10, 11))
    steps = {"steps": [{"name": "cap", "inputs": {"used_in_year": "1000.005"}}]}
    obligation = {"cap_per_year_fee_share": Decimal("0.1"), "cap_per_period": Decimal(2500)}
    case = a_case(5, readings(5, zero=zero), obligation=obligation, event=event(5, calculation=steps))
    assert (case.event["ld_before_cap"], case.event["ld_payable"]) == (Decimal("80909.09"), Decimal("1999.99"))


@pytest.mark.parametrize(("mode", "amount"), [("half_up", "9278.33"), ("half_even", "9278.32"), ("down", "9278.32")])
def test_money_is_rounded_by_the_contract(mode, amount):
    assert rounded(Decimal("9278.325"), 2, mode) == Decimal(amount)


def test_clock_changes_make_days_of_23_and_25_hours():
    zone = ZoneInfo("Europe/Berlin")
    for on, hours, quarters in ((date(2026, 10, 25), 25, 96), (date(2026, 3, 29), 23, 92)):
        start = datetime(on.year, on.month, on.day, tzinfo=zone).astimezone(UTC)
        end = datetime(on.year, on.month, on.day + 1, tzinfo=zone).astimezone(UTC)
        assert end - start == timedelta(hours=hours)
        rows = [
            {"meter_id": 7, "timestamp": start + timedelta(minutes=15 * n), "reading_interval_seconds": 900,
             "source_system": "manual", "quality": "measured", "energy_wh": Decimal(1)}
            for n in range(quarters)
        ]  # fmt: skip
        day = {**sized_days(1, seconds=900)[0], "day_on": on, "day_start": start, "day_end": end}
        period = event(1, period_start=start, period_end=end, period_start_on=on, period_end_on=on)
        case = a_case(1, rows, days=[day], event={**period, "time_zone": "Europe/Berlin"})
        assert percent(case, "data_completeness_percent") == ("96.00" if hours == 25 else "100.00")


def test_the_sun_decides_where_no_sensor_spoke():
    rows = [{name: value for name, value in row.items() if name != "irradiance_wm2"} for row in readings(1)]
    day = a_case(1, rows).days[0]
    assert day["sun_decided_slots"] == 24 and 13 <= day["raw_hours_expected"] <= 17


def test_ratings_share_the_modules():
    meters = [{**METER, "meter_id": n, "rated_power_w": str(kw * 1000)} for n, kw in ((1, 3), (2, 1))]
    stated = {"plant": {"installed_dc_capacity_kwp": "8"}, "contract_version": {}, "guarantee_years": [],
              "obligation": {"capacity_kwp": None, "capacity_ac_kw": None}, "meters": meters}  # fmt: skip
    terms = Terms({"contract_terms": stated})
    assert terms.capacity_kwp == {1: 6, 2: 2} and terms.capacity_w == {1: 3000, 2: 1000}


def quarters(values: dict[int, str | None], **measures) -> list[dict]:
    """Readings of a day in quarter-hours, 1 kWh each but for `values`; a value that is None is missing."""
    return [
        {
            "meter_id": 7, "timestamp": START + timedelta(minutes=15 * n), "reading_interval_seconds": 900,
            "source_system": "manual", "quality": "missing" if values.get(n, "1000") is None else "measured",
            "energy_wh": values.get(n, "1000") and Decimal(values.get(n, "1000")),
            **{name: of[n] for name, of in measures.items() if n in of},
        }
        for n in range(96)
    ]  # fmt: skip


SUBSTITUTE = {"missing_policy": "substitute", "expected_from": "always"}


def filled(case) -> list[tuple[str, str]]:
    return [(row["method"], row["energy_wh"]) for row in case.days[0]["substitutions"]]


def test_a_register_is_spread_over_its_gap_to_the_last_watt_hour():
    """1,000,000 Wh at 08:00, 1,012,000 Wh at 14:00, nothing between; as readings whose register was before them."""
    gap = dict.fromkeys(range(32, 56))
    registers = {32: Decimal(1_000_000), 56: Decimal(1_012_000)}
    case = a_case(
        1,
        quarters(gap, energy_total_wh=registers),
        days=sized_days(1, seconds=900),
        obligation={**SUBSTITUTE, "substitute_order": ["backup_meter", "register_difference"]},
    )
    assert filled(case) == [("register_difference", "500")] * 24
    day = case.days[0]
    assert (day["substituted_slots"], day["substituted_energy_wh"], day["measured_slots"]) == (24, 12_000, 72)
    odd = {32: Decimal(1_000_000), 56: Decimal(1_010_000)}
    shares = filled(
        a_case(1, quarters(gap, energy_total_wh=odd), days=sized_days(1, seconds=900),
               obligation={**SUBSTITUTE, "substitute_order": ["register_difference"]})
    )  # fmt: skip
    assert sum(Decimal(energy) for _, energy in shares) == 10_000 and shares[0][1] == "416.666666"


def test_a_register_that_was_read_before_the_period_bridges_its_beginning():
    before = {
        "meter_id": 7, "timestamp": START - timedelta(minutes=15), "reading_interval_seconds": 900,
        "source_system": "manual", "quality": "measured", "energy_wh": Decimal(40), "energy_total_wh": Decimal(960),
    }  # fmt: skip
    case = a_case(
        1,
        quarters({0: None, 1: None}, energy_total_wh={2: Decimal(1100)}),
        days=sized_days(1, seconds=900),
        readings_beside=[reading_line(before)],
        obligation={**SUBSTITUTE, "substitute_order": ["register_difference"]},
    )
    assert filled(case) == [("register_difference", "50")] * 2


def test_the_first_of_the_contracts_list_stands_in():
    others = [{**METER, "meter_id": n, "role": role} for n, role in ((8, "backup"), (9, "inverter"), (10, "inverter"))]
    rows = quarters({40: None, 41: None, 42: None, 43: None}, irradiance_wm2=dict.fromkeys(range(96), Decimal(500)))
    rows += [{**row, "meter_id": 8, "energy_wh": Decimal(900)} for row in rows[40:41]]
    for meter, slots in ((9, (41, 42)), (10, (41,))):
        rows += [{**rows[n], "meter_id": meter, "energy_wh": Decimal(480), "quality": "measured"} for n in slots]
    order = ["backup_meter", "inverter_sum", "model"]
    case = a_case(
        1,
        rows,
        meters=[METER, *others],
        days=sized_days(1, seconds=900),
        obligation={**SUBSTITUTE, "substitute_order": order, "substitute_loss_factor": Decimal("0.05")},
    )
    # the second inverter is silent at 42, so their sum is none
    assert filled(case) == [
        ("backup_meter", "900"), ("inverter_sum", "912"), ("model", "10000"), ("model", "10000")
    ]  # fmt: skip
    assert case.event["usable_percent"] == 100
