"""A build that is killed leaves either the old or the new rows of a table, and the next build converges."""

import signal
import time
from datetime import UTC, datetime

import pytest

from tests.dbt.test_publications import AGGREGATE, BOOKKEEPING, READING, REVISION
from tests.dbt.world import quarters

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
SLEEPER = """
create or replace function public.sleep_once() returns trigger language plpgsql as $$
begin
    perform pg_sleep(600);
    return new;
end $$;
create trigger sleep_once before insert on {table} for each row when ({when}) execute function public.sleep_once();
"""


@pytest.fixture
def half_published(world):
    """A closed publication of one day, and a second one open: a correction and a new day."""
    world.organization()
    world.meter(world.project(1), "A")
    world.publish(world.load(quarters(JUNE, 96, external_device_id="A")))
    corrected = quarters(JUNE, 10, energy=11, external_device_id="A")
    return world.open(world.load([*corrected, *quarters(JUNE.replace(day=2), 96, external_device_id="A")]))


def kill_while_writing(world, table: str, when: str) -> None:
    world.connection.execute(SLEEPER.format(table=table, when=when))
    build = world.start_build()
    try:
        asleep = (
            "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and usename = 'sunledger_transformer'"
        )
        wait(lambda: world.value(asleep) == 1 or build.poll() is not None, 300)
        assert build.poll() is None, "the build ended before it reached the table"
    finally:
        build.send_signal(signal.SIGKILL)
        build.wait()
    left = "select count(*) from pg_stat_activity where usename = 'sunledger_transformer'"
    wait(lambda: world.value(left) == 0, 120)
    world.connection.execute(f"drop trigger sleep_once on {table}")


def wait(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def test_killed_inside_the_merge(world, half_published) -> None:
    before = [world.digest(*table) for table in (READING, AGGREGATE)]
    kill_while_writing(world, "canonical.meter_reading", """new."timestamp" = '2026-06-02 12:00+00'""")
    assert [world.digest(*table) for table in (READING, AGGREGATE)] == before
    assert world.value("select ops.last_closed_publication_id()") < half_published

    world.build()
    world.close()
    converged = [world.digest(*table, without=BOOKKEEPING) for table in (READING, AGGREGATE, REVISION)]
    assert world.value("select count(*) from canonical.meter_reading") == 192
    assert world.value("select count(*) from canonical.meter_reading_revision") == 10
    assert world.value("select count(*) from pg_class where relname like '%\\_\\_dbt\\_%'") == 0

    world.build()
    assert [world.digest(*table, without=BOOKKEEPING) for table in (READING, AGGREGATE, REVISION)] == converged


def test_killed_between_two_models(world, half_published) -> None:
    final = "select coalesce(sum(energy_wh), 0) from marts.fct_energy_daily where is_final"
    before = world.value(final)
    kill_while_writing(world, "canonical.meter_aggregate", "new.period_type = 'daily'")
    assert world.value("select count(*) from canonical.meter_reading") == 192
    assert world.value("select ops.last_closed_publication_id()") == half_published - 1
    assert world.value(final) == before

    world.build()
    assert world.value(final) == 0, "rewritten days are not final before the publication closes"
    world.close()
    assert world.value(final) == before + 10 + 960
