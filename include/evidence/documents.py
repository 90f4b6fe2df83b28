"""The documents of a pack: each a view of the case in canonical JSON."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from include.core.canonical_json import canonical, instant_text, instant_text_us
from include.evidence import case as columns
from include.evidence.case import Case, only, without
from include.evidence.offline.verify_compare import Recomputed

Texts = dict[str, Any]


def texts(case: Case) -> Texts:
    """Every document as it will be read again: names of files without `.json`, decimals and instants as texts."""
    made = recomputed(case)
    found = made.documents
    found["calculation"]["outcome"] = case.event["calculation"].get("outcome") or made.result["outcome"]
    found["weather"] = {
        "expected_from": case.obligation["expected_from"],
        "sensors": _sensors(found["contract_terms"]["meters"]),
        "slots": made.weather(),
    }
    found["substitutions"]["slots"] = made.substitutions()
    return found


def recomputed(case: Case) -> Recomputed:
    """What can be computed from a case's readings, events and terms."""
    return Recomputed(as_read(written(case)) | {"readings": [json.loads(line) for line in case.readings]})


def written(case: Case) -> dict[str, Any]:
    """What is known before anything is computed."""
    return {
        "aggregates": {
            "days": [without(day, columns.DAY_WITHOUT) for day in case.days],
            "earlier_days": [only(day, columns.EARLIER_DAY) for day in case.earlier_days],
        },
        "calculation": {
            "result": only(case.event, columns.RESULT),
            # the warehouse's own words: policies, rule version, and each step with its inputs
            "calculation": case.event["calculation"],
        },
        "excused_events": {"events": [only(event, columns.PLANT_EVENT) for event in case.plant_events]},
        "contract_terms": _terms(case),
        "substitutions": {
            "meter_tests": [only(test, columns.METER_TEST) for test in case.meter_tests],
            "readings_beside": [json.loads(line) for line in case.readings_beside],
        },
        "lineage": {"loads": [_load(load) for load in case.loads]},
        "custody": {"entries": [only(entry, columns.CUSTODY) for entry in case.custody]},
        "manifest": {"event": only(case.event, columns.EVENT)},
    }


def bodies(case: Case, found: Texts) -> dict[str, bytes]:
    """The documents as the bytes that are hashed, by the names of their files."""
    outside = {"manifest", "readings"}
    written = {f"{name}.json": canonical(value) for name, value in found.items() if name not in outside}
    return written | {
        "readings.jsonl": b"".join(line + b"\n" for line in case.readings),
        "audit.jsonl": b"".join(canonical(plain(entry, is_exact=True)) + b"\n" for entry in case.audit),
    }


def as_read(value: Any) -> Any:
    """A value as a reader of its canonical JSON gets it."""
    return json.loads(canonical(plain(value)))


def plain(value: Any, *, is_exact: bool = False) -> Any:
    """A value whose instants are texts: to the second, or to the microsecond where they have fractions or must."""
    if isinstance(value, Mapping):
        return {name: plain(inner, is_exact=is_exact) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(inner, is_exact=is_exact) for inner in value]
    if isinstance(value, datetime):
        return instant_text_us(value) if is_exact or value.microsecond else instant_text(value)
    return value


def _terms(case: Case) -> dict[str, Any]:
    version = case.contract_version
    return {
        "contract": only(case.contract, columns.CONTRACT),
        "contract_version": only(version, columns.CONTRACT_VERSION),
        "document_sha256": version["document_sha256"],
        "terms": version["terms"],
        "terms_sha256": version["terms_sha256"],
        "obligation": without(case.obligation, columns.OBLIGATION_WITHOUT),
        "plant": only(case.plant, columns.PLANT),
        "meters": [only(meter, columns.METER) for meter in case.meters],
        "guarantee_years": [only(year, columns.GUARANTEE_YEAR) for year in case.guarantee_years],
    }


def _load(load: Mapping[str, Any]) -> dict[str, Any]:
    """A load; of its verdict the counts by rule, never a cell that a client wrote."""
    codes = (load["verdict"] or {}).get("codes", {})
    return only(load, columns.LOAD) | {"verdict": codes}


def _sensors(meters: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: meter[name] for name in ("meter_id", "role", "priority")}
        for meter in meters
        if meter["role"] in {"irradiance", "module_temperature"}
    ]
