"""Judge: run the expectation suites over a load's rows, quarantine what they refuse, hold what is too bad.

The verdict commits first; the copy of the object to `validated/` or `quarantine/` follows from it and is repeated by
`sweep` when a crash came between.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from include.core import settings
from include.core.failpoints import failpoint
from include.judging.rows import columns_of, judge_loads
from include.judging.verdict import FailingRow, Verdict
from include.lake import keys
from include.lake.store import Lake
from include.pipeline import feeds
from include.pipeline.stage import ANALYZE_FROM_ROWS
from include.warehouse import judged, loads, quarantine, raw, validation, waiting
from include.warehouse.database import Connection, connect


def judge(load_id: int) -> dict[str, Any]:
    """Give a staged load its verdict and return its ledger row."""
    judge_together([load_id])
    dispose(load_id)
    with connect() as connection:
        return loads.get(connection, load_id)


def judge_together(load_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Give staged loads of one feed, source and day their verdicts; `sweep` puts the copies of their objects away."""
    with connect() as connection:
        claimed = [loads.claim(connection, load_id) for load_id in load_ids]
        ensure_place(connection, claimed[0])
        released = {load["load_id"]: quarantine.released_rows(connection, load["load_id"]) for load in claimed}
    with connect() as connection:
        verdicts = verdicts_of(connection, claimed)
        for load in claimed:
            settle(connection, load, verdicts[load["load_id"]], released[load["load_id"]])
        judged_loads = [loads.get(connection, load_id) for load_id in load_ids]
    failpoint("after_verdict_commit")
    _analyze(claimed)
    return judged_loads


def _analyze(claimed: Sequence[dict[str, Any]]) -> None:
    """Tell the planner about many new rows, for the publication that reads them."""
    kept_in, rows = feeds.rules(claimed[0]).kept_in, sum(load["rows_in"] for load in claimed)
    if kept_in and rows >= ANALYZE_FROM_ROWS:
        with connect() as connection:
            raw.analyze(connection, kept_in, claimed[0]["staged_on"])


def ensure_place(connection: Connection, load: dict[str, Any]) -> None:
    """Make room for what a judgement keeps of a staged load's rows."""
    if kept_in := feeds.rules(load).kept_in:
        raw.ensure_partition(connection, kept_in, load["staged_on"])


def verdicts_of(connection: Connection, claimed: Sequence[dict[str, Any]]) -> dict[int, Verdict]:
    """Let Great Expectations judge claimed loads of one feed, source and day, as the running transaction sees them."""
    first, rules = claimed[0], feeds.rules(claimed[0])
    staged_rows = {load["load_id"]: load["rows_in"] for load in claimed}
    suites, day = feeds.suites(first), first["staged_on"]
    here = judged.place(rules.kept_in, day)
    judged.work_out(connection, here, rules.view, {*columns_of(suites), *rules.kept}, list(staged_rows), day)
    return judge_loads(connection, (here.schema, here.name), staged_rows, suites, rules.view)


def settle(connection: Connection, load: dict[str, Any], verdict: Verdict, released: Collection[int] = ()) -> None:
    """Write the verdict of a claimed load, with its refused rows, in the transaction that `verdicts_of` ran in."""
    refused = [
        row
        for row in verdict.failing
        # what a person waived once may have become unreadable since, as when its contract line was closed
        if row.row_number not in released or quarantine.unreadable_codes(row.codes)
    ]
    loads.guard(connection, load)
    if refused:
        with Lake().local_file(load["lake_key"], load["sha256"]) as path:
            quarantine.replace(connection, load, _with_cells(load, path, refused))
    else:
        quarantine.replace(connection, load, ())
    validation.store(connection, load, verdict.result)
    rules = feeds.rules(load)
    here = judged.place(rules.kept_in, load["staged_on"])
    duplicates = (
        judged.duplicate_rows(connection, here, load["load_id"], rules.key)
        if verdict.counts[rules.duplicate].unexpected
        else 0
    )
    is_unmapped = rules.unmapped and verdict.counts[rules.unmapped].unexpected
    unmapped = judged.unmapped_devices(connection, here, load["load_id"]) if is_unmapped else []
    findings = {"codes": _broken(verdict), "warnings": verdict.warnings, "unmapped": unmapped}
    outcome = _outcome(verdict, refused, duplicates, is_released=load["released_at"] is not None)
    loads.settle(connection, load, outcome | {"verdict": findings})


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
        pending = [load["load_id"] for load in waiting.undisposed(connection)]
    for load_id in pending:
        dispose(load_id)
    return pending


def _with_cells(load: dict[str, Any], path: Path, refused: list[FailingRow]) -> Iterator[dict[str, Any]]:
    """Refused rows with their original cells, read from the lake object in one pass and never all in memory."""
    delivered = feeds.cells(load, path, {row.row_number for row in refused})
    number, original = next(delivered, (None, {}))
    for row in refused:
        while number is not None and number < row.row_number:
            number, original = next(delivered, (None, {}))
        yield {
            "row_number": row.row_number,
            "codes": list(row.codes),
            "messages": list(row.messages),
            "original": original if number == row.row_number else {},
        }


def _outcome(verdict: Verdict, refused: list[FailingRow], duplicates: int, *, is_released: bool) -> dict[str, Any]:
    bad = sum(row.severity == "reject" for row in refused)
    share, limit = (100 * bad / verdict.rows if verdict.rows else 0.0), settings.error_share_limit_percent()
    held = share > limit and not is_released
    reason = f"{bad} of {verdict.rows} rows are refused ({share:.1f} percent; the limit is {limit:g})"
    return {
        "status": "held" if held else "accepted",
        "rows_clean": verdict.rows - len(refused) - duplicates,
        "rows_rejected": len(refused),
        "rows_duplicate": duplicates,
        "code": "F006_ERROR_RATE" if held else None,
        "message": reason if held else None,
        "remedy": "mend the file or its column map and replay, or release the load with a reason" if held else None,
    }


def _broken(verdict: Verdict) -> dict[str, dict[str, Any]]:
    """Every broken code with its severity, its rows, and what it says to a person."""
    return {
        code: {"severity": count.severity, "rows": count.unexpected, "message": " ".join(verdict.messages[code])}
        for code, count in verdict.counts.items()
        if count.unexpected
    }
