"""Twenty clients push readings of the same meters while server and database die: nothing is lost, nothing doubled."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import requests

from include.local import ports
from tests.api.conftest import Tenant

SLOTS = 480
START = datetime(2026, 6, 1, tzinfo=UTC)
GIVE_UP_AFTER_S = 120.0
DEVICES = ("", "INV-2")
JUDGED = {201, 207}


@dataclass(frozen=True, slots=True)
class Push:
    """A body and its key; each push has its own energy, watt-hours, so a reading tells where it came from."""

    key: str
    first_slot: int
    rows: int
    energy_wh: float
    device: str = ""
    bad_row: int | None = None

    @property
    def good_slots(self) -> set[int]:
        return {self.first_slot + row for row in range(self.rows) if row != self.bad_row}

    @property
    def body(self) -> str:
        return json.dumps({"readings": [self._reading(row) for row in range(self.rows)]})

    def _reading(self, row: int) -> dict:
        at = START + timedelta(minutes=15 * (self.first_slot + row))
        energy = "lots" if row == self.bad_row else self.energy_wh
        device = {"device_id": self.device} if self.device else {}
        return {"timestamp": at.isoformat(), "site_id": "P1", "energy_wh": energy, "interval_seconds": 900, **device}


class Server:
    """The API in a process of its own that can be killed and started again on the same port."""

    def __init__(self) -> None:
        self.port = ports.pick()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.api.server", str(self.port)]
        self._process = subprocess.Popen(command, env=dict(os.environ), start_new_session=True)
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


@pytest.fixture
def tenant(tenant, make_key) -> Tenant:
    """The tenant with a key that no number of repeats exhausts."""
    return Tenant(tenant.organization_id, make_key(tenant.organization_id, calls_per_minute=1_000_000))


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

    def _until_answered(self, push: Push) -> requests.Response:
        headers = {"Content-Type": "application/json", "Idempotency-Key": push.key, **self._tenant.headers}
        give_up_at = time.monotonic() + GIVE_UP_AFTER_S
        while time.monotonic() < give_up_at:
            try:
                answer = requests.post(f"{self._url}/meter-data", data=push.body, headers=headers, timeout=90)
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
    return answer.status_code == 503 or answer.json()["code"] == "E203_ILLEGAL_STATE"


def at_once(clients: Clients, batches: list[list[Push]], pause_s: float = 0.0, disturb=lambda: None) -> None:
    """Let as many clients as batches push at the same time, and disturb them meanwhile."""
    with ThreadPoolExecutor(len(batches)) as pool:
        futures = [pool.submit(clients.deliver, batch, pause_s) for batch in batches]
        disturb()
        for future in futures:
            future.result()


def publish_all() -> None:
    from include.pipeline.process import process_all
    from include.pipeline.publish import publish

    process_all()
    publish()


def published(look) -> dict[tuple[str, int], float]:
    """(device, slot) -> energy of the readings that consumers see, watt-hours; every slot stands there once."""
    rows = look.execute(
        """
        select
            d.external_device_id as device, extract(epoch from r."timestamp" - %s)::bigint / 900 as slot,
            r.energy_wh::float as energy_wh
        from canonical.meter_reading as r
        inner join core.meter_device as d using (organization_id, meter_id, source_system)
        """,
        [START],
    ).fetchall()
    found = {(row["device"], row["slot"]): row["energy_wh"] for row in rows}
    assert len(found) == len(rows), "a reading is there twice"
    return found


def expected(look, pushes: list[Push]) -> dict[tuple[str, int], float]:
    """What rule D8 leaves of these pushes, all measured: the delivery that was accepted last wins."""
    load_of = {row["original_uri"].rsplit("%2F", 1)[-1]: row["load_id"] for row in originals(look)}
    assert set(load_of) == {push.key for push in pushes}
    winners: dict[tuple[str, int], float] = {}
    for push in sorted(pushes, key=lambda push: load_of[push.key]):
        winners |= {(push.device, slot): push.energy_wh for slot in push.good_slots}
    return winners


def originals(look) -> list[dict]:
    return look.execute(
        "select * from ops.ingestion_log where duplicate_of is null and original_uri is not null order by load_id"
    ).fetchall()


def assert_it_adds_up(look, pushes: list[Push], clients: Clients) -> None:
    """Each push is one load with all its rows, and every acknowledged number is the ledger's."""
    loads = {load["load_id"]: load for load in originals(look)}
    assert len(loads) == len(pushes) == len(clients.answers)
    for push in pushes:
        answer = clients.answers[push.key].json()
        load = loads[answer["load_id"]]
        counts = [load[name] for name in ("rows_in", "rows_clean", "rows_rejected", "rows_duplicate")]
        assert counts == [push.rows, len(push.good_slots), push.rows - len(push.good_slots), 0]
        assert counts == [answer[name] for name in ("rows_in", "rows_accepted", "rows_rejected", "rows_duplicate")]
        assert load["status"] == "published"
    [raw] = look.execute("select count(*) as n from (select distinct load_id, row_number from raw.file_reading)")
    [kept] = look.execute("select count(*) as n from raw.file_reading")
    assert raw["n"] == kept["n"] == sum(push.rows for push in pushes)


def test_eight_clients_with_overlapping_readings_lose_no_update(tenant, warehouse):
    # each client's last push covers all slots, so the winner of every slot is decided between the eight
    batches = [
        [Push(f"c{client}-{part}", 0, 500, 100 + client + part / 10) for part in range(2)] for client in range(8)
    ]
    pushes = [push for batch in batches for push in batch]
    with running_server() as server:
        clients = Clients(server.url, tenant)
        at_once(clients, batches)
    assert {answer.status_code for answer in clients.answers.values()} == {201}
    assert clients.problems == [] and clients.broken_connections == 0
    publish_all()
    assert_it_adds_up(warehouse, pushes, clients)
    assert published(warehouse) == expected(warehouse, pushes)


@pytest.fixture
def load_of_twenty() -> list[list[Push]]:
    """Fifteen pushes for each of twenty clients; one in ten has a bad row."""
    dice = random.Random(7)
    batches = []
    for client in range(20):
        batch = []
        for number in range(15):
            rows = dice.randint(20, 48)
            batch.append(
                Push(
                    key=f"c{client}-{number}",
                    first_slot=dice.randint(0, SLOTS - rows),
                    rows=rows,
                    energy_wh=1000 + client + number / 100,
                    device=dice.choice(DEVICES),
                    bad_row=dice.randrange(rows) if dice.random() < 0.1 else None,
                )
            )
        batches.append(batch)
    return batches


def test_server_and_database_die_under_load_and_nothing_is_lost_or_doubled(tenant, warehouse, cluster, load_of_twenty):
    name = warehouse.info.dbname
    # below wal_level replica, what a database has from its template is only on disk after a checkpoint
    warehouse.execute("checkpoint")
    warehouse.close()
    pushes = [push for batch in load_of_twenty for push in batch]
    with running_server() as server:
        clients = Clients(server.url, tenant)

        def disturb() -> None:
            _until(clients, 15)
            server.kill()
            server.start()
            _until(clients, 40)
            cluster.restart_immediate()
            _until(clients, 150)
            server.kill()
            server.start()

        at_once(clients, load_of_twenty, pause_s=0.1, disturb=disturb)
    assert clients.broken_connections > 0, "the kills were not noticed"
    assert {answer.status_code for answer in clients.answers.values()} <= JUDGED
    for problem in clients.problems:
        assert problem.status_code in {409, 503}, problem.text
        assert problem.json()["code"] and problem.json()["remedy"]
        assert problem.status_code == 409 or int(problem.headers["Retry-After"]) > 0
    with psycopg.connect(cluster.url(name), autocommit=True, row_factory=psycopg.rows.dict_row) as look:
        publish_all()
        assert_it_adds_up(look, pushes, clients)
        assert published(look) == expected(look, pushes)


def _until(clients: Clients, answered: int) -> None:
    give_up_at = time.monotonic() + GIVE_UP_AFTER_S
    while len(clients.answers) < answered:
        assert time.monotonic() < give_up_at, f"only {len(clients.answers)} pushes were answered"
        time.sleep(0.05)
