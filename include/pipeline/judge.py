"""Judge: run the expectation suites over a load's rows, quarantine what they refuse, hold what is too bad.

The verdict commits first; the copy of the object to `validated/` or `quarantine/` follows from it and is repeated by
`sweep` when a crash came between.
"""

from typing import Any

from include.core import settings
from include.core.failpoints import failpoint
from include.judging import Verdict, judge_rows
from include.lake import keys
from include.lake.store import Lake
from include.pipeline import feeds
from include.warehouse import loads, quarantine, raw, validation
from include.warehouse.database import connect


def judge(load_id: int) -> dict[str, Any]:
    """Give a staged load its verdict and return its ledger row."""
    with connect() as connection:
        load = loads.claim(connection, load_id)
        released = quarantine.released_rows(connection, load_id)
    verdict = judge_rows(settings.warehouse_url("loader"), load_id, load["staged_on"], feeds.suites(load))
    refused = {row: codes for row, codes in verdict.failing if row not in released}
    original = _original_cells(load, set(refused))
    with connect() as connection:
        loads.guard(connection, load)
        quarantine.replace(connection, load, (_rejected(verdict, row, refused[row], original) for row in sorted(refused)))
        validation.store(connection, load, verdict.result)
        duplicates = raw.duplicate_rows(connection, load) if "R401_DUP_IN_FILE" in verdict.counts else 0
        loads.settle(connection, load, _outcome(verdict, refused, duplicates))
    failpoint("after_verdict_commit")
    dispose(load_id)
    with connect() as connection:
        return loads.get(connection, load_id)


def dispose(load_id: int) -> None:
    """Put the copy of a load's object where its verdict says, and nowhere else."""
    with connect() as connection:
        load = loads.get(connection, load_id)
    zone = "quarantine" if load["status"] in {"held", "rejected"} else "validated"
    other = "validated" if zone == "quarantine" else "quarantine"
    lake, key = Lake(), keys.disposition(zone, load["lake_key"])
    lake.copy(load["lake_key"], key, load["sha256"])
    failpoint("disposition_copied")
    lake.remove_copy(keys.disposition(other, load["lake_key"]))
    with connect() as connection:
        loads.set_disposition(connection, load_id, key)


def sweep() -> list[int]:
    """Finish the object copies that a crash left open; returns the loads it touched."""
    with connect() as connection:
        pending = [load["load_id"] for load in loads.undisposed(connection)]
    for load_id in pending:
        dispose(load_id)
    return pending


def _original_cells(load: dict[str, Any], row_numbers: set[int]) -> dict[int, dict[str, Any]]:
    if not row_numbers:
        return {}
    with Lake().local_file(load["lake_key"], load["sha256"]) as path:
        return dict(feeds.cells(load, path, row_numbers))


def _rejected(verdict: Verdict, row_number: int, codes: list[str], original: dict[int, dict]) -> dict[str, Any]:
    return {
        "row_number": row_number,
        "codes": codes,
        "messages": [verdict.message(code) for code in codes],
        "original": original.get(row_number, {}),
    }


def _outcome(verdict: Verdict, refused: dict[int, list[str]], duplicates: int) -> dict[str, Any]:
    bad = sum(1 for codes in refused.values() if verdict.is_bad(codes))
    share, limit = (100 * bad / verdict.rows if verdict.rows else 0.0), settings.error_share_limit_percent()
    held = verdict.rows > 0 and (share > limit or bad == verdict.rows)
    reason = f"{bad} of {verdict.rows} rows are refused ({share:.1f} percent; the limit is {limit:g})"
    return {
        "status": "held" if held else "accepted",
        "rows_clean": verdict.rows - len(refused) - duplicates,
        "rows_rejected": len(refused),
        "rows_duplicate": duplicates,
        "code": "F006_ERROR_RATE" if held else None,
        "message": reason if held else None,
        "remedy": "mend the file or its column map and replay, or release the load with a reason" if held else None,
        "verdict": {"codes": verdict.summary(), "warnings": verdict.warnings},
    }
