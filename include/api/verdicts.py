"""What a client is told of a delivery: the counts, and every refused row with code, place, value and remedy."""

from functools import cache, partial
from typing import Any

from include.api import places
from include.judging import suites
from include.pipeline import feeds
from include.warehouse import quarantine
from include.warehouse.database import Connection

MOST_ROWS = 10_000

UNFINISHED = {"landed": "received", "staged": "being judged", "failed": "waiting for another try"}


def status_code(load: dict[str, Any]) -> int:
    """201 all rows accepted, 207 some, 202 not judged yet, 409 known content, 422 nothing accepted."""
    if load["status"] in UNFINISHED:
        return 202
    if load["status"] == "duplicate":
        return 409
    if load["status"] in {"held", "rejected", "empty"}:
        return 422
    return 207 if load["rows_rejected"] else 201


def verdict(connection: Connection, load: dict[str, Any]) -> dict[str, Any]:
    """The answer to a delivery, the same at once and when asked for later."""
    return {
        "load_id": load["load_id"],
        "status": _status(load),
        "content_hash": load["sha256"].strip(),
        "duplicate_of": load["duplicate_of"],
        "rows_in": load["rows_in"],
        "rows_accepted": load["rows_clean"],
        "rows_rejected": load["rows_rejected"],
        "rows_duplicate": load["rows_duplicate"],
        "data_start": _text(load["data_start_at"]),
        "data_end": _text(load["data_end_at"]),
        "code": load["code"],
        "message": load["message"],
        "remedy": load["remedy"],
        "errors": row_errors(connection, load),
        "warnings": _warnings(load),
        "received_at": _text(load["received_at"]),
        "judged_at": _text(load["judged_at"]),
        "published_at": _text(load["published_at"]),
        "status_url": f"/api/ingest/status/{load['load_id']}",
    }


def row_errors(connection: Connection, load: dict[str, Any], limit: int = MOST_ROWS) -> list[dict[str, Any]]:
    """One entry per refused row and code, in order of the rows."""
    if not load["rows_rejected"]:
        return []
    # several rules may share a code; what was said of the row tells them apart
    rules = suites.rules_of(feeds.suites(load))
    headers_of = cache(partial(feeds.headers, load))  # most rows have the same
    found = []
    for row in quarantine.listing(connection, load_id=load["load_id"], limit=limit):
        headers = headers_of(tuple(row["original"]))
        can_pass = row["status"] == "open" and not quarantine.unreadable_codes(row["codes"])
        for code in row["codes"]:
            rule = next((rule for rule in rules if rule.code == code and rule.message in row["messages"]), None)
            column, value = places.of(rule.column if rule else None, row["original"], headers)
            found.append(
                {
                    "row": row["row_number"],
                    "code": code,
                    "column": column,
                    "value": value,
                    "message": rule.message if rule else " ".join(row["messages"]),
                    "remedy": rule.remedy if rule else "",
                    "severity": rule.severity if rule else "reject",
                    "can_pass": can_pass,
                    "original": row["original"],
                    "status": row["status"],
                }
            )
    return found


def _status(load: dict[str, Any]) -> str:
    if load["status"] in {"accepted", "published"} and load["rows_rejected"]:
        return "partial" if load["status"] == "accepted" else "published_partial"
    return load["status"]


def _warnings(load: dict[str, Any]) -> list[dict[str, Any]]:
    findings = (load["verdict"] or {}).get("codes", {})
    rows = (load["verdict"] or {}).get("warnings", {})
    return [
        {"code": code, "rows": found["rows"], "message": found["message"], "first_rows": rows.get(code, [])}
        for code, found in findings.items()
        if found["severity"] == "warn"
    ]


def _text(instant: Any) -> str | None:
    return None if instant is None else instant.isoformat()
