"""Cases made by hand: a plant of one meter in hourly slots, whose days follow profile D of the worked examples.

100 kWp, UTC. Irradiance at 06..17 h is 40, 150, ..., 60 W/m2, else none; an undisturbed slot brings irradiance x 80 Wh.
"""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from include.core.canonical_json import canonical
from include.evidence.case import RESULT as RESULTS
from include.evidence.case import Case
from include.evidence.documents import as_read, written
from include.evidence.hashes import reading_line, reading_order
from include.evidence.offline.verify import sha256
from include.evidence.offline.verify_compare import Recomputed

PROFILE = dict(enumerate((40, 150, 300, 500, 700, 850, 900, 800, 600, 400, 200, 60), start=6))
START = datetime(2026, 6, 1, tzinfo=UTC)
CANARY = "canary-person"  # stands in every free text, and must not enter a pack
DETECTED = datetime(2026, 7, 6, 9, 30, tzinfo=UTC)
EVENT_ID = UUID("0b8e5d2e-2b4f-4f0e-9a55-1d2c3b4a5f60")

CALCULATION = {"steps": [], "policies": {"min_completeness_percent": 90.5}}
OBLIGATION: dict[str, Any] = {
    "obligation_id": 5, "contract_id": 3, "contract_version_id": 4, "obligation_code": "availability", "version": 1,
    "is_active": True, "valid_from_on": date(2026, 1, 1), "clause_ref": "clause 7.2",
    "title": "Guaranteed availability",
    "metric": "availability", "period_type": "month", "guarantee": Decimal("98"), "settle_days": 5,
    "measurement_boundary": "plant_meter", "loss_factor": Decimal(0), "capacity_kwp": Decimal(100),
    "capacity_ac_kw": Decimal(90), "expected_performance_ratio": Decimal("0.8"), "meter_error_lookback": "half",
    "expected_from": "irradiance", "irradiance_min_wm2": Decimal(50), "sun_elevation_min_deg": None,
    "power_min_w": Decimal(0), "power_min_share": Decimal(0), "downtime_basis": "slot", "weighting": "time",
    "excused_classes": ["curtailment", "force_majeure", "scheduled_maintenance"], "excused_method": "exclude_both",
    "maintenance_hours_per_year": None, "maintenance_notice_days": None, "force_majeure_notice_days": None,
    "category_priority": ["out_of_specification", "produced", "excused", "no_data", "not_producing"],
    "missing_policy": "unavailable", "min_completeness_percent": Decimal(90), "substitute_order": [],
    "substitute_loss_factor": Decimal(0), "base_energy_kwh": None, "degradation_per_year": Decimal(0),
    "is_temperature_corrected": False, "temperature_coefficient_per_c": None, "reference_temperature_c": Decimal(25),
    "efficiency_factor": Decimal(1), "deemed_method": "none", "deemed_classes": [],
    "deemed_irradiance_min_wm2": Decimal(0), "deemed_reference_kwh": None, "deemed_reference_irradiance_wm2": None,
    "deemed_kwh_per_interval": None, "promised_on": None, "achieved_on": None, "shortfall_decimals": None,
    "ld_basis": "per_point", "ld_rate": Decimal(500), "ld_alternate_price": None, "ld_contract_price": None,
    "ld_floor": None, "ld_step": Decimal("0.1"), "ld_step_mode": "pro_rata", "cap_per_period": None,
    "cap_per_period_fee_share": None, "cap_per_year": None, "cap_per_year_fee_share": None, "cap_lifetime": None,
    "cap_lifetime_fee_share": None, "rounding": "half_up", "money_decimals": 2, "payment_currency_code": None,
    "fx_rate_on": None, "fx_fixed_rate": None, "notice_days": None, "cure_days": None, "day_count": "calendar",
    "created_at": DETECTED, "organization_id": 1,
}  # fmt: skip
LOAD: dict[str, Any] = {
    "load_id": 41, "source_system": "manual", "feed": "file_reading", "status": "published",
    "original_name": "june.csv", "original_uri": CANARY, "request": None, "lake_key": "raw/manual/1/june.csv",
    "sha256": "c" * 64, "size_bytes": 4096, "content_key": "c" * 64, "parser_version": 1, "received_at": DETECTED,
    "judged_at": DETECTED, "published_at": DETECTED, "rows_in": 120, "rows_clean": 120, "rows_rejected": 0,
    "rows_duplicate": 0, "verdict": {"codes": {}, "unmapped": [{"site": CANARY}]}, "quarantined": [],
    "duplicate_of": None, "corrects_load_id": None, "first_reading_at": START, "last_reading_at": START,
    "readings": 120, "hints": {"who": CANARY}, "lease_owner": CANARY,
}  # fmt: skip
METER: dict[str, Any] = {
    "meter_id": 7, "role": "measured", "priority": 1, "capacity_kw": None, "meter_type": "PRODUCTION",
    "rated_power_w": None, "serial_number": "SN-7", "model": "M", "register_modulus_wh": None,
    "reading_interval_seconds": None, "preferred_source_system": None,
}  # fmt: skip
VERSION: dict[str, Any] = {
    "contract_version_id": 4, "version": 1, "effective_on": date(2026, 1, 1), "year_anchor_on": date(2026, 1, 1),
    "assess_from_on": date(2026, 1, 1), "currency_code": "EUR", "annual_fee": Decimal(30000), "cap_per_year": None,
    "cap_per_year_fee_share": None, "cap_lifetime": None, "cap_lifetime_fee_share": None, "document_sha256": "d" * 64,
    "applied_by": CANARY,
}  # fmt: skip


def readings(days: int, *, without: tuple[str, ...] = (), zero: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Hourly readings of meter 7; `without` and `zero` name hours such as `2026-06-03T10`."""
    rows = []
    for hour in range(24 * days):
        at = START + timedelta(hours=hour)
        name, light = f"{at:%Y-%m-%dT%H}", Decimal(PROFILE.get(at.hour, 0))
        # a reading that is missing still tells the irradiance
        energy = None if name in without else Decimal(0) if name in zero else light * 80
        rows.append(
            {
                "meter_id": 7,
                "timestamp": at,
                "reading_interval_seconds": 3600,
                "source_system": "manual",
                "quality": "missing" if energy is None else "measured",
                "energy_wh": energy,
                "irradiance_wm2": light,
            }
        )
    return rows


def event(days: int, **changes: Any) -> dict[str, Any]:
    """The event of a period of so many days."""
    end = START + timedelta(days=days)
    return {
        "default_event_id": EVENT_ID, "organization_id": 1, "project_id": 2, "contract_id": 3,
        "contract_version_id": 4, "obligation_id": 5, "obligation_code": "availability", "obligation_version": 1,
        "rule_version": "1", "metric": "availability", "period_type": "month", "period_start_on": START.date(),
        "period_end_on": (end - timedelta(days=1)).date(), "period_start": START, "period_end": end,
        "time_zone": "UTC", "operating_year": 1, "revision": 1, "supersedes_event_id": None, "publication_id": 9,
        "status": "detected", "severity": "low", "currency_code": "EUR", "payment_currency_code": "EUR",
        "fx_rate": None, "missing_policy": "unavailable", "calculation": CALCULATION, "detected_at": DETECTED,
        **changes,
    }  # fmt: skip


def a_case(
    length: int = 1,
    rows: list[dict[str, Any]] | None = None,
    *,
    obligation: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
    **parts: Any,
) -> Case:
    """A case of so many days; sums and result are what the offline rules compute, but for `changes` of the event."""
    rows = sorted(readings(length) if rows is None else rows, key=reading_order)
    terms = {"obligations": [{"code": "availability", "guarantee_percent": "98"}]}
    made: dict[str, Any] = {
        "created_at": DETECTED, "software": {"sunledger": "0.1.0"}, "event": event(length),
        "contract": {"contract_id": 3, "external_contract_id": "PPA-1", "contract_type": "PPA",
                     "effective_on": date(2026, 1, 1), "ends_on": None, "counterparty": CANARY},
        "contract_version": {**VERSION, "terms": terms, "terms_sha256": sha256(canonical(terms))},
        "obligation": {**OBLIGATION, **(obligation or {})},
        "plant": {"project_id": 2, "time_zone": "UTC", "latitude": Decimal("52.5"), "longitude": Decimal("13.4"),
                  "installed_dc_capacity_kwp": Decimal(100), "installed_ac_capacity_kw": Decimal(90),
                  "name": CANARY},
        "meters": [METER], "guarantee_years": [], "plant_events": [], "meter_tests": [],
        "readings": [reading_line(row) for row in rows], "days": sized_days(length), "earlier_days": [], "loads": [],
        **parts,
    }  # fmt: skip
    drafted = Case(**{**made, "event": {**made["event"], **dict.fromkeys(RESULTS)}})
    found = Recomputed(as_read(written(drafted)) | {"readings": [json.loads(line) for line in drafted.readings]})
    result = {name: value for name, value in found.result.items() if name != "outcome"}
    numbers = {**dict.fromkeys(RESULTS), **made["event"], **result, **(changes or {})}
    given = {(day["meter_id"], day["day_on"].isoformat()): day for day in made["days"]}
    return Case(
        **{
            **made,
            "days": [{**given[day["meter_id"], day["day_on"]], **day} for day in found.days],
            "event": numbers,
        }
    )


def sized_days(days: int, meter_id: int = 7, seconds: int = 3600) -> list[dict[str, Any]]:
    """Days without sums, as they frame the slots."""
    starts = [START + timedelta(days=n) for n in range(days)]
    return [
        {
            "meter_id": meter_id,
            "day_on": at.date(),
            "day_start": at,
            "day_end": at + timedelta(days=1),
            "time_zone": "UTC",
            "source_system": "manual",
            "reading_interval_seconds": seconds,
        }
        for at in starts
    ]


def outage(kind: str, day: int, first_hour: float, last_hour: float, **changes: Any) -> dict[str, Any]:
    """A plant event on a day of June, from one hour to another."""
    midnight = START + timedelta(days=day - 1)
    return {
        "plant_event_id": 11, "external_event_id": "EV-11", "version": 1, "event_class": kind, "contract_id": None,
        "meter_id": None, "starts_at": midnight + timedelta(hours=first_hour),
        "ends_at": midnight + timedelta(hours=last_hour), "notified_at": None, "document_sha256": None,
        "applied_at": DETECTED, "applied_by": CANARY, "description": f"{CANARY} called", **changes,
    }  # fmt: skip


def usual() -> Case:
    """Five days of June with an outage that is excused in part, a missing reading, a delivery and audit entries."""
    rows = readings(5, zero=tuple(f"2026-06-03T{hour}" for hour in (10, 11, 12, 13)), without=("2026-06-04T09",))
    return a_case(
        5,
        rows,
        plant_events=[outage("curtailment", 3, 11, 12)],
        loads=[LOAD],
        audit=chain("land", "judge", "publish"),
        custody=[{"seq": 3, "action": "publish", "occurred_at": DETECTED, "actor_kind": "service", "actor": CANARY}],
    )


def chain(*actions: str) -> list[dict[str, Any]]:
    """Entries of an audit chain, as they are hashed."""
    entries: list[dict[str, Any]] = []
    for seq, action in enumerate(actions, start=1):
        record = {
            "organization_id": 1, "seq": seq, "previous_hash": entries[-1]["hash"] if entries else "0" * 64,
            "occurred_at": f"2026-07-01T10:00:0{seq}.000000Z", "action": action, "input_hash": "a" * 64,
            "output_hash": "b" * 64,
        }  # fmt: skip
        entries.append(record | {"hash": sha256(b"audit-v1\x00" + canonical(record))})
    return entries
