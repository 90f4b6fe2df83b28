"""Twenty clients push readings of the same meters while server and database die: nothing is lost, nothing doubled."""

import random
import time
from dataclasses import replace

import psycopg
import pytest

from tests.api.conftest import Tenant
from tests.api.pushing import GIVE_UP_AFTER_S, START, Clients, Push, at_once, running_server

SLOTS = 240
RANKS = {"measured": 0, "estimated": 1, "missing": 2}
DEVICES = ("", "INV-2")
JUDGED = {201, 207}


@pytest.fixture
def tenant(tenant, make_key) -> Tenant:
    """The tenant with a key that no number of repeats exhausts."""
    return Tenant(tenant.organization_id, make_key(tenant.organization_id, calls_per_minute=1_000_000))


def publish_all() -> None:
    from include.pipeline.process import process_all
    from include.pipeline.publish import publish

    process_all()
    publish()


def published(look) -> dict[tuple[str, int], tuple[float | None, str]]:
    """(device, slot) -> energy, watt-hours, and quality that consumers see; every slot stands there once."""
    rows = stored(look, "canonical.meter_reading")
    found = {(row["device"], row["slot"]): (row["energy_wh"], row["quality"]) for row in rows}
    assert len(found) == len(rows), "a reading is there twice"
    return found


def stored(look, table: str) -> list[dict]:
    return look.execute(
        f"""
        select
            d.external_device_id as device, extract(epoch from r."timestamp" - %s)::bigint / 900 as slot,
            r.energy_wh::float as energy_wh, r.quality, r.load_id, r.row_number
        from {table} as r
        inner join core.meter_device as d using (organization_id, meter_id, source_system)
        """,
        [START],
    ).fetchall()


def expected(look, pushes: list[Push]) -> dict[tuple[str, int], tuple[float | None, str]]:
    """What rule D8 leaves when the pushes come one after the other, as the ledger numbers them.

    Measured before estimated before missing, and of the same quality the later one.
    """
    load_of = loads_of(look)
    in_order = sorted(pushes, key=lambda push: (-RANKS[push.quality], load_of[push.key]))
    return {(push.device, slot): push.values for push in in_order for slot in push.good_slots}


def loads_of(look) -> dict[str, int]:
    """The load of each key; keys of the same body have one load between them."""
    rows = look.execute(
        "select original_uri, coalesce(duplicate_of, load_id) as load_id from ops.ingestion_log order by load_id"
    ).fetchall()
    return {row["original_uri"].rsplit("%2F", 1)[-1]: row["load_id"] for row in rows}


def assert_it_adds_up(look, pushes: list[Push], clients: Clients) -> None:
    """Each body is one load with all its rows, and every acknowledged number is the ledger's."""
    originals = look.execute("select * from ops.ingestion_log where duplicate_of is null").fetchall()
    loads, load_of = {load["load_id"]: load for load in originals}, loads_of(look)
    assert len(loads) == len({push.body for push in pushes}) and set(load_of) == {push.key for push in pushes}
    for push in pushes:
        answer, load = clients.answers[push.key].json(), loads[load_of[push.key]]
        counts = [load[name] for name in ("rows_in", "rows_clean", "rows_rejected", "rows_duplicate")]
        assert counts == [push.rows, len(push.good_slots), push.rows - len(push.good_slots), 0]
        assert load["status"] == "published"
        if answer["status"] == "duplicate":
            assert push.twin and answer["duplicate_of"] == load["load_id"]
        else:
            assert answer["load_id"] == load["load_id"]
            assert counts == [answer[name] for name in ("rows_in", "rows_accepted", "rows_rejected", "rows_duplicate")]


def assert_nothing_is_lost(look, pushes: list[Push]) -> None:
    """Every accepted value stands in the readings, or with what replaced it in their history, and nothing else does."""
    rows = stored(look, "canonical.meter_reading") + stored(look, "canonical.meter_reading_revision")
    assert len({(row["load_id"], row["row_number"]) for row in rows}) == len(rows)
    kept = {(row["device"], row["slot"], row["energy_wh"], row["quality"]) for row in rows}
    assert kept == {(push.device, slot, *push.values) for push in pushes for slot in push.good_slots}


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
    assert_nothing_is_lost(warehouse, pushes)


@pytest.fixture
def load_of_twenty() -> list[list[Push]]:
    """Four pushes for each of twenty clients over the same slots: each slot is fought for by five or six.

    One in ten has a bad row; the last of each client has the body of its neighbour's, under a key of its own.
    """
    dice = random.Random(7)
    batches = []
    for client in range(20):
        batch = []
        for number in range(4):
            rows = dice.randint(20, 48)
            batch.append(
                Push(
                    key=f"c{client}-{number}",
                    first_slot=dice.randint(0, SLOTS - rows),
                    rows=rows,
                    energy_wh=1000 + client + number / 100,
                    device=dice.choice(DEVICES),
                    quality=dice.choices(list(RANKS), weights=(6, 3, 1))[0],
                    bad_row=dice.randrange(rows) if dice.random() < 0.1 else None,
                )
            )
        batches.append(batch)
    for left, right in zip(batches[::2], batches[1::2], strict=True):
        left[-1], right[-1] = (
            replace(left[-1], twin=right[-1].key),
            replace(left[-1], key=right[-1].key, twin=left[-1].key),
        )
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
            _until(clients, 8)
            server.kill()
            server.start()
            _until(clients, 20)
            cluster.restart_immediate()
            _until(clients, 36)
            server.kill()
            cluster.restart_immediate()
            server.start()
            _until(clients, 52)
            cluster.restart_immediate()

        at_once(clients, load_of_twenty, pause_s=0.1, disturb=disturb)
        for batch in load_of_twenty[::4]:
            again = clients.ask(batch[0])
            assert again.headers["Idempotent-Replayed"] == "true"
            first = clients.answers[batch[0].key]
            assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert clients.broken_connections > 0, "the kills were not noticed"
    assert {answer.status_code for answer in clients.answers.values()} <= {*JUDGED, 409}
    for problem in clients.problems:
        assert problem.status_code in {409, 503}, problem.text
        assert problem.json()["code"] and problem.json()["remedy"]
        assert problem.status_code == 409 or int(problem.headers["Retry-After"]) > 0
    with psycopg.connect(cluster.url(name), autocommit=True, row_factory=psycopg.rows.dict_row) as look:
        publish_all()
        assert_it_adds_up(look, pushes, clients)
        assert published(look) == expected(look, pushes)
        assert_nothing_is_lost(look, pushes)
        rows_of = {push.body: push.rows for push in pushes}
        raw = look.execute("select count(*) as n, count(distinct (load_id, row_number)) as kept from raw.file_reading")
        assert set(raw.fetchone().values()) == {sum(rows_of.values())}


def _until(clients: Clients, answered: int) -> None:
    give_up_at = time.monotonic() + GIVE_UP_AFTER_S
    while len(clients.answers) < answered:
        assert time.monotonic() < give_up_at, f"only {len(clients.answers)} pushes were answered"
        time.sleep(0.05)
