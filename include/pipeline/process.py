"""Carry loads through stage and judge from wherever they stand; safe to call at any time, any number of times."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from include.core.controls import one_line
from include.core.errors import Fenced, IllegalState, LakeUnavailable, SunledgerError
from include.pipeline.feeds import CLIENT_FEEDS, column_map, suites
from include.pipeline.judge import judge, judge_together, sweep
from include.pipeline.stage import stage, stage_together
from include.warehouse import audit, billing, files, loads, publications, raw, waiting
from include.warehouse.database import connect, one_session

log = logging.getLogger(__name__)

PIPELINE = "pipeline"
# nothing is wrong with the load: it waits until they are over
OUTAGES = (psycopg.OperationalError, LakeUnavailable)
# a staging and a judgement cost about the same for one small load as for twenty
MOST_TOGETHER = 32
SMALL_BYTES = 256 * 1024
MOST_AGAIN = 50


@one_session()
def process(load_id: int) -> dict[str, Any]:
    """Stage and judge one load; what is done already is not done again. A duplicate finishes its original.

    A load whose raw rows were lost between the two (a crash of the database empties unlogged tables) is staged again.
    """
    with connect() as connection:
        load = loads.get(connection, load_id)
        is_lost = load["status"] == "staged" and raw.has_lost_rows(connection, load)
    if load["status"] == "duplicate":
        with connect() as connection:
            original = loads.get(connection, load["duplicate_of"])
        if original["status"] in loads.UNFINISHED:
            process(original["load_id"])
        return load
    if is_lost or load["status"] in {"landed", "failed"}:
        load = stage(load_id)
    if load["status"] == "staged":
        load = judge(load_id)
    return load


def finish(load_id: int, patience_s: float = 300) -> dict[str, Any]:
    """Process a load for somebody who waits for it; a worker that took it over is waited for, at most `patience_s`."""
    try:
        return process(load_id)
    except Fenced:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with connect() as connection:
                load = loads.get(connection, load_id)
            if load["status"] not in loads.UNFINISHED:
                return load
            time.sleep(0.5)
        raise


def process_all(load_ids: Iterable[int] = (), feeds: Sequence[str] = ()) -> dict[str, int]:
    """Process these loads and those of some feeds that an earlier crash left unfinished; returns loads by status.

    One broken load never stops the others: the rest is processed first, then the first failure is raised.
    """
    statuses, failures = _each(load_ids, feeds)
    for error in failures.values():
        raise error
    return statuses


def process_able(load_ids: Iterable[int] = (), feeds: Sequence[str] = ()) -> list[int]:
    """As `process_all`, but returns loads that failed, for a task each that tries them again.

    No more than `MOST_AGAIN`, because an outage fails all of them; the next run takes up what is left.
    """
    statuses, failures = _each(load_ids, feeds)
    log.info("loads by status: %s; failed: %d", statuses, len(failures))
    return list(failures)[:MOST_AGAIN]


@one_session()
def _each(load_ids: Iterable[int], feeds: Sequence[str]) -> tuple[dict[str, int], dict[int, Exception]]:
    with connect() as connection:
        pending = sorted({*load_ids, *waiting.unfinished(connection, feeds)})
    ended: dict[int, dict[str, Any] | Exception] = {}
    for first in range(0, len(pending), MOST_TOGETHER):
        with connect() as connection:
            small = waiting.small_landed(connection, pending[first : first + MOST_TOGETHER], SMALL_BYTES)
        ended |= zip((load["load_id"] for load in small), process_together(small), strict=True)
    # what is large, was staged already, or repeats one of those before it
    ended |= {load_id: alone(load_id) for load_id in pending if load_id not in ended}
    sweep()
    failures = {load_id: ended[load_id] for load_id in pending if isinstance(ended[load_id], Exception)}
    statuses = Counter(load["status"] for load_id, load in ended.items() if load_id not in failures)
    return dict(statuses), failures


def process_together(group: Sequence[dict[str, Any]]) -> list[dict[str, Any] | Exception]:
    """Stage and judge landed loads; those that do not go together, each by itself. A result or an error for each."""
    results: dict[int, dict[str, Any] | Exception] = {}
    for alike in _grouped(group):
        try:
            results |= _at_once(alike)
        except OUTAGES as error:
            # an outage: each by itself would only wait again
            log.warning("%d loads wait for the next run: %s", len(alike), one_line(error))
            results |= dict.fromkeys(alike, error)
        except Exception as error:  # noqa: BLE001 -- one unreadable delivery must not fail its neighbours
            log.info("%d loads go one by one: %s", len(alike), one_line(error))
            results |= {load_id: alone(load_id) for load_id in alike}
    return [results[load["load_id"]] for load in group]


def _grouped(group: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Ids of the loads that one staging and one judgement can take, each load once."""
    kinds: dict[tuple, list[int]] = {}
    for load in group:
        ids = kinds.setdefault((load["feed"], suites(load)), [])
        if load["load_id"] not in ids:
            ids.append(load["load_id"])
    # in one order, as everybody locks them
    return [sorted(ids) for ids in kinds.values()]


def _at_once(load_ids: list[int]) -> dict[int, dict[str, Any]]:
    stage_together(load_ids)
    return {load["load_id"]: load for load in judge_together(load_ids)}


def alone(load_id: int) -> dict[str, Any] | Exception:
    """Process one load; a failure is returned, not raised."""
    try:
        return process(load_id)
    except SunledgerError as error:
        log.warning("load %s is not judged: %s", load_id, one_line(error))
        return error
    except Exception as error:
        log.exception("load %s is not judged", load_id)
        return error


def replay(load_id: int, *, actor: str, reason: str = "", hints: dict[str, Any] | None = None) -> dict[str, Any]:
    """Stage and judge a load again from its lake object, with today's parser, mapping and column map."""
    reopen(load_id, actor=actor, reason=reason, hints=hints)
    return process(load_id)


def reopen(load_id: int, *, actor: str, reason: str = "", hints: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send a load back to where it was landed, to be staged and judged again; returns its ledger row.

    A release of the whole load ends when a person asks for this: it was given to what was read before.
    """
    with connect() as connection:
        load = loads.get(connection, load_id)
        if load["status"] == "duplicate":
            raise IllegalState(f"load {load_id} is a duplicate", remedy=f"replay load {load['duplicate_of']} instead")
        if publications.is_being_published(connection, load_id):
            raise IllegalState(f"load {load_id} is in the open publication", remedy="replay it when that has closed")
        stored = column_map(load) and files.hints(connection, load["organization_id"], column_map(load))
        loads.reopen(connection, load, {**(stored or {}), **(hints or {})}, keeps_release=actor == PIPELINE)
        audit.record(
            connection,
            actor=actor,
            action="replay",
            subject=f"load {load_id}",
            reason=reason,
            organization_id=load["organization_id"],
        )
        return loads.get(connection, load_id)


def retryable() -> dict[int, str]:
    """Judged loads whose rows were refused for a missing mapping or reference data that may exist by now, and why."""
    with connect() as connection:
        reasons = dict.fromkeys(billing.newly_resolvable(connection), "reference data changed")
        reasons |= dict.fromkeys(waiting.newly_mapped(connection), "a missing site or device was mapped")
        return {i: reasons[i] for i in sorted(reasons) if not publications.is_being_published(connection, i)}


def retry_mapped() -> list[int]:
    """Judge the `retryable` loads again; one that cannot be now stays unfinished and stops nobody else."""
    reasons = retryable()
    for load_id, reason in reasons.items():
        try:
            replay(load_id, actor=PIPELINE, reason=reason)
        except OUTAGES:
            raise
        except Exception:
            log.exception("load %s cannot be judged again", load_id)
    return list(reasons)


def unattended() -> set[tuple[str, str]]:
    """Signs of deliveries that wait for a Dag: to be finished, to be judged again, or to be published."""
    with connect() as connection:
        signs = waiting.unattended(connection, CLIENT_FEEDS)
    return signs | {("retry", str(load_id)) for load_id in retryable()}
