"""What an event says of its own evidence: the JSON of `default_event.evidence`, completed when its pack is stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from include.core.canonical_json import instant_text

SAMPLES = 3
WORST = 5


def evidence_of(texts: Mapping[str, Any], stored: Mapping[str, Any], uri: str) -> dict[str, Any]:
    """What is added to the words that detection wrote: hash, place and samples of what was preserved."""
    readings = texts["readings"]
    loads = texts["lineage"]["loads"]
    return {
        "schema_version": 1,
        "sample_readings": _samples(readings, texts),
        "data_hash": stored["data_hash"],
        "snapshot_s3_path": uri,
        "preserved_at": instant_text(datetime.now(UTC).replace(microsecond=0)),
        "inputs": {
            "readings_by_quality": dict(sorted(Counter(reading["quality"] for reading in readings).items())),
            "first_ts": min((reading["timestamp"] for reading in readings), default=None),
            "last_ts": max((reading["timestamp"] for reading in readings), default=None),
            "source_files": [{"ingestion_id": load["load_id"], "sha256": load["sha256"]} for load in loads],
        },
        "hash": {
            "algorithm": "sha256",
            "canonicalisation": "RFC 8785 lines by meter_id, timestamp, source_system, reading_interval_seconds",
            "rows_hashed": len(readings),
            "value": stored["data_hash"],
            "merkle_root": stored["merkle_root"],
        },
        "snapshot": {
            "uri": uri,
            "sha256": stored["pack_sha256"],
            "bytes": stored["size_bytes"],
            "format": "zip",
            "manifest_sha256": stored["manifest_sha256"],
            "signing_key_id": stored["signing_key_id"],
        },
    }  # fmt: skip


def _samples(readings: Sequence[Mapping[str, Any]], texts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first, the last and the worst readings: those without energy when there was most light."""
    light = {(row["meter_id"], row["timestamp"]): row["irradiance_wm2"] for row in texts["weather"]["slots"]}
    measured = {row["meter_id"] for row in texts["contract_terms"]["meters"] if row["role"] == "measured"}
    dark = [
        reading
        for reading in readings
        if reading["meter_id"] in measured and not float(reading["energy_wh"] or reading.get("power_w") or 0)
    ]
    worst = sorted(dark, key=lambda r: -float(light.get((r["meter_id"], r["timestamp"])) or 0))[:WORST]
    named = {"first": readings[:SAMPLES], "last": readings[-SAMPLES:], "worst": worst}
    return [{"why": why, **reading} for why, rows in named.items() for reading in rows]
