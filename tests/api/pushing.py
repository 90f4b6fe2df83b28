"""Many clients that push at the same time, and a server that can be killed under them."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests

from include.local import ports
from tests import warm
from tests.api.conftest import Tenant

START = datetime(2026, 6, 1, tzinfo=UTC)
GIVE_UP_AFTER_S = 120.0


@dataclass(frozen=True, slots=True)
class Push:
    """A body and its key; each push has its own energy, watt-hours, so a reading tells where it came from.

    `twin` is the key of a push with the same body, whichever of the two comes first.
    """

    key: str
    first_slot: int
    rows: int
    energy_wh: float
    device: str = ""
    quality: str = "measured"
    bad_row: int | None = None
    twin: str | None = None

    @property
    def good_slots(self) -> set[int]:
        return {self.first_slot + row for row in range(self.rows) if row != self.bad_row}

    @property
    def values(self) -> tuple[float | None, str]:
        return (None if self.quality == "missing" else self.energy_wh, self.quality)

    @property
    def body(self) -> str:
        return json.dumps({"readings": [self._reading(row) for row in range(self.rows)]})

    def _reading(self, row: int) -> dict:
        at = START + timedelta(minutes=15 * (self.first_slot + row))
        reading = {"timestamp": at.isoformat(), "site_id": "P1", "interval_seconds": 900, "quality": self.quality}
        reading["energy_wh"] = "lots" if row == self.bad_row else self.values[0]
        return reading | ({"device_id": self.device} if self.device else {})


class Server:
    """The API in a process of its own that can be killed and started again on the same port."""

    def __init__(self) -> None:
        self.port = ports.pick()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: warm.Program | None = None

    def start(self) -> None:
        self._process = warm.Program("-m", "tests.api.server", str(self.port))
        for _ in range(600):
            try:
                requests.get(f"{self.url}/health", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError("the server never came up")

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def running_server():
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Clients:
    """Clients that repeat a push with its key until it is answered for good; every answer is kept."""

    def __init__(self, url: str, tenant: Tenant) -> None:
        self._url, self._tenant = url, tenant
        self.answers: dict[str, requests.Response] = {}
        self.problems: list[requests.Response] = []
        self.broken_connections = 0

    def deliver(self, pushes: list[Push], pause_s: float = 0.0) -> None:
        for push in pushes:
            self.answers[push.key] = self._until_answered(push)
            time.sleep(pause_s)

    def ask(self, push: Push) -> requests.Response:
        headers = {"Content-Type": "application/json", "Idempotency-Key": push.key, **self._tenant.headers}
        return requests.post(f"{self._url}/meter-data", data=push.body, headers=headers, timeout=90)

    def _until_answered(self, push: Push) -> requests.Response:
        give_up_at = time.monotonic() + GIVE_UP_AFTER_S
        while time.monotonic() < give_up_at:
            try:
                answer = self.ask(push)
            except requests.RequestException:
                self.broken_connections += 1
            else:
                if not _is_passing(answer):
                    return answer
                self.problems.append(answer)
            time.sleep(0.2)
        raise AssertionError(f"{push.key} was never answered")


def _is_passing(answer: requests.Response) -> bool:
    """Whether the client is told to come again: an outage, or its own first try is still under way."""
    return answer.status_code == 503 or answer.json().get("code") == "E203_ILLEGAL_STATE"


def at_once(clients: Clients, batches: list[list[Push]], pause_s: float = 0.0, disturb=lambda: None) -> None:
    """Let as many clients as batches push at the same time, and disturb them meanwhile."""
    with ThreadPoolExecutor(len(batches)) as pool:
        futures = [pool.submit(clients.deliver, batch, pause_s) for batch in batches]
        disturb()
        for future in futures:
            future.result()
