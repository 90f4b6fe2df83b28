"""Pushes: many small deliveries at once, each answered with its own verdict.

Deliveries that arrive while others are being judged wait for each other and then go together. A delivery is durable in
the lake and in the ledger before it waits; whatever dies afterwards, the next `process_all` finishes it.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from include.core.controls import one_line
from include.pipeline import judge, process

log = logging.getLogger(__name__)

MOST_WAITING = 1000


class Together:
    """Processes landed loads on a thread of its own, as many together as are waiting and at most `most`."""

    def __init__(
        self, finish: Callable[[Sequence[dict[str, Any]]], list[Any]] | None = None, most: int = process.MOST_TOGETHER
    ) -> None:
        self._waiting: queue.Queue[tuple[dict[str, Any], Future[dict[str, Any]]]] = queue.Queue(MOST_WAITING)
        self._finish = finish or process.process_together
        self._most = most
        self._thread = threading.Thread(target=self._work, name="pushes", daemon=True)
        self._thread.start()

    def verdict(self, load: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """The ledger row of a landed load once it is judged; raises its error, or TimeoutError while it goes on."""
        future: Future[dict[str, Any]] = Future()
        try:
            self._waiting.put((load, future), timeout=timeout_s)
        except queue.Full:
            raise TimeoutError from None
        return future.result(timeout_s)

    def later(self, load: dict[str, Any]) -> None:
        """Process a landed load without anybody waiting; where the queue is full, it is left to the next Dag run."""
        try:
            self._waiting.put_nowait((load, Future()))
        except queue.Full:
            log.warning("load %s waits for the next run of its Dag", load["load_id"])

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
        while len(group) < self._most:
            try:
                group.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return group

    def _tidy(self) -> None:
        try:
            judge.sweep()
        except Exception as error:  # noqa: BLE001 -- the thread must outlive an outage of lake or warehouse
            log.warning("copies of judged objects wait for the next run: %s", one_line(error))


def process_alone(group: Sequence[dict[str, Any]]) -> list[dict[str, Any] | Exception]:
    """Stage and judge landed loads one after the other, as large ones go."""
    return [process.alone(load["load_id"]) for load in group]
