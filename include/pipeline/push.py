"""Pushes: many small deliveries at once, each answered with its own verdict.

A staging and a judgement cost about the same for one small load as for twenty, so deliveries that arrive while others
are being judged wait for each other and then go together. A delivery is durable in the lake and in the ledger before
it waits; whatever dies afterwards, the next `process_all` finishes it.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from include.core.errors import SunledgerError
from include.pipeline import feeds, judge, process, stage

log = logging.getLogger(__name__)

MOST_TOGETHER = 32
MOST_WAITING = 1000


class Together:
    """Processes landed loads on a thread of its own, as many together as are waiting."""

    def __init__(self, finish: Callable[[Sequence[dict[str, Any]]], list[Any]] | None = None) -> None:
        self._waiting: queue.Queue[tuple[dict[str, Any], Future[dict[str, Any]]]] = queue.Queue(MOST_WAITING)
        self._finish = finish or process_together
        self._thread = threading.Thread(target=self._work, name="pushes", daemon=True)
        self._thread.start()

    def verdict(self, load: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """The ledger row of a landed load once it is judged; raises its error, or TimeoutError while it goes on."""
        future: Future[dict[str, Any]] = Future()
        self._waiting.put((load, future), timeout=timeout_s)
        return future.result(timeout_s)

    def _work(self) -> None:
        while True:
            group = self._next_group()
            try:
                results = self._finish([load for load, _ in group])
            except Exception as error:
                log.exception("pushed loads failed together")
                results = [error] * len(group)
            for (_, future), result in zip(group, results, strict=True):
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)
            if self._waiting.empty():
                self._tidy()

    def _next_group(self) -> list[tuple[dict[str, Any], Future[dict[str, Any]]]]:
        group = [self._waiting.get()]
        while len(group) < MOST_TOGETHER:
            try:
                group.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return group

    def _tidy(self) -> None:
        try:
            judge.sweep()
        except SunledgerError as error:
            log.warning("copies of judged objects wait for the next run: %s", error)


def process_together(group: Sequence[dict[str, Any]]) -> list[dict[str, Any] | SunledgerError]:
    """Stage and judge landed loads; those that do not go together, each by itself. A result or an error for each."""
    results: dict[int, dict[str, Any] | SunledgerError] = {}
    for alike in _grouped(group):
        try:
            results |= _at_once(alike)
        except Exception as error:  # noqa: BLE001 -- one unreadable delivery must not fail its neighbours
            log.info("%d loads go one by one: %s", len(alike), error)
            results |= {load_id: _alone(load_id) for load_id in alike}
    return [results[load["load_id"]] for load in group]


def _grouped(group: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Ids of the loads that one copy and one judgement can take, each load once."""
    kinds: dict[tuple, list[int]] = {}
    for load in group:
        ids = kinds.setdefault((load["feed"], feeds.suites(load)), [])
        if load["load_id"] not in ids:
            ids.append(load["load_id"])
    return list(kinds.values())


def _at_once(load_ids: list[int]) -> dict[int, dict[str, Any]]:
    stage.stage_together(load_ids)
    return {load["load_id"]: load for load in judge.judge_together(load_ids)}


def _alone(load_id: int) -> dict[str, Any] | SunledgerError:
    try:
        return process.process(load_id)
    except SunledgerError as error:
        return error
