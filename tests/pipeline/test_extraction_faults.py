"""Faults around an extraction: a hung vendor, two writers of one site, a broken account among good ones."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace

import psycopg
import pytest
import requests

from include.core.errors import SiteBusy, SunledgerError, VendorUnavailable
from simulators.solaredge import DEMO_KEY
from tests import warm
from tests.pipeline.child import killed, start
from tests.pipeline.oracle import count, state
from tests.pipeline.solaredge_account import NOW, account, extract, mark, plant, publish

HOUR = timedelta(hours=1)
LAND = "from datetime import *; from include.pipeline.extract import land_site; "


@contextmanager
def silent_server() -> Iterator[str]:
    """Accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def child(site: int, hours: int, failpoints: str = "") -> warm.Program:
    until = f"datetime({NOW.year}, {NOW.month}, {NOW.day}, {NOW.hour}, {NOW.minute}, tzinfo=UTC)"
    return start(f"{LAND}land_site({site}, {until}, timedelta(hours={hours}))", failpoints)


def wait_for(condition) -> None:
    give_up_at = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up_at, "it never happened"
        time.sleep(0.05)


def test_a_vendor_that_never_answers_is_given_up_within_the_deadline(sites, warehouse, monkeypatch, no_waiting):
    from include.http import session

    monkeypatch.setattr(session, "Limits", partial(session.Limits, deadline_s=0.4))
    with silent_server() as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        with pytest.raises(VendorUnavailable, match=r"none within 0.4 s.*try 4"):
            extract(sites[0], lookback=HOUR)
    row = warehouse.execute("select * from ops.integration_site where integration_site_id = %s", [sites[0]]).fetchone()
    assert row["last_sync_status"] == "error" and "E401" in row["last_sync_error"]
    assert row["failed_until"] == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def test_no_statement_of_the_pipeline_runs_for_ever(warehouse, monkeypatch):
    from include.warehouse.database import connect

    with connect() as connection:
        assert connection.execute("show statement_timeout").fetchone()["statement_timeout"] == "25min"
        connection.execute("set local statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(3600)")


def test_a_sync_that_takes_too_long_leaves_the_rest_to_the_next_run(sites, warehouse):
    from include.pipeline.extract import sync_site

    synced = sync_site(sites[0], NOW, lookback=24 * HOUR, longest_s=0)
    assert synced.status == "error" and "0 of 2 parts" in str(synced.error)
    ticks = iter([0.0, 0.0, 9.0])
    with pytest.MonkeyPatch.context() as patch:
        from include.pipeline import walk

        patch.setattr(walk, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
        synced = sync_site(sites[0], NOW, lookback=24 * HOUR, longest_s=5)
    assert synced.status == "partial" and "1 of 2 parts" in str(synced.error)
    assert mark(warehouse, sites[0]) == datetime(2026, 6, 10, 0, 0, tzinfo=UTC)
    extract(sites[0])
    assert mark(warehouse, sites[0]) == datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


def test_a_backfill_and_the_hourly_run_take_turns_and_end_as_in_series(sites, warehouse):
    extract(sites[0], until=NOW - 6 * HOUR, lookback=6 * HOUR)
    start_at = mark(warehouse, sites[0])
    publish()
    extract(sites[0], lookback=30 * HOUR)
    extract(sites[0])
    publish()
    in_series = state(warehouse)
    forget_readings(warehouse, sites[0], start_at)

    backfill = child(sites[0], hours=30, failpoints="landed_in_lake=sleep:3")
    wait_for(lambda: count(warehouse, "pg_locks", "locktype = 'advisory' and granted and classid = 20261") == 1)
    from include.pipeline.extract import land_site
    from include.pipeline.process import process_all

    hourly = land_site(sites[0], NOW)
    assert backfill.wait(timeout=60) == 0
    backfilled = [row["load_id"] for row in warehouse.execute("select load_id from ops.ingestion_log")]
    assert len(backfilled) == 6 + len(hourly) and min(hourly) > max(
        set(backfilled) - set(hourly)
    )  # one after the other
    process_all()
    publish()
    assert state(warehouse) == in_series


def forget_readings(warehouse, site: int, high_water_mark: datetime) -> None:
    """Back to a registered site from which nothing was read."""
    warehouse.execute(
        "truncate ops.ingestion_log, ops.publication, canonical.meter_reading, canonical.meter_aggregate, "
        "canonical.meter_reading_revision cascade"
    )
    warehouse.execute(
        "update ops.integration_site set high_water_mark = %s where integration_site_id = %s", [high_water_mark, site]
    )


def test_a_writer_that_waited_in_vain_says_so_and_a_killed_one_is_in_nobodys_way(sites):
    from include.warehouse.writers import one_writer

    with (
        one_writer(sites[0]),
        one_writer(sites[1], patience_s=0),
        pytest.raises(SiteBusy, match="another worker"),
        one_writer(sites[0], patience_s=0),
    ):
        pytest.fail("there are two writers")
    killed(f"{LAND}land_site({sites[0]})", "landed_in_lake")
    with one_writer(sites[0], patience_s=5):
        pass


def test_a_broken_account_of_one_tenant_stops_no_other_and_is_visible(warehouse, portal, monkeypatch):
    from include.pipeline import registration
    from include.pipeline.extract import land_site
    from include.pipeline.process import process_all
    from include.pipeline.turns import due_sites, raise_for_failures

    monkeypatch.setenv("FLEET_KEY", DEMO_KEY)
    for tenant in ("North", "South", "West"):
        projects = [plant(2016001, "America/Denver"), plant(2016002, "Europe/Berlin")]
        registration.apply({"organization": tenant, "projects": projects, "accounts": [account()]})
    warehouse.execute("delete from ops.integration_site where external_site_id = '2016002'")
    of_south = "organization_id = (select organization_id from core.organization where name = 'South')"
    warehouse.execute(
        "update ops.integration_credential as broken set encrypted_credentials = other.encrypted_credentials "
        f"from ops.integration_credential as other where broken.{of_south} and other.credential_id = 1"
    )
    references = due_sites("solaredge")
    failures = []
    for reference in references:
        try:
            land_site(reference["integration_site_id"], NOW, HOUR)
        except SunledgerError as error:
            failures.append(error.code)
    process_all()
    assert len(references) == 3 and failures == ["E301_SECRET"]
    states = warehouse.execute("select last_sync_status as s from ops.integration_site order by 1").fetchall()
    assert [row["s"] for row in states] == ["error", "success", "success"]
    told = warehouse.execute(f"select last_error from ops.integration_credential where {of_south}").fetchone()
    assert "E301_SECRET" in told["last_error"] and DEMO_KEY not in told["last_error"]
    with pytest.raises(SunledgerError, match="1 of 3 sites failed: Site 2016001: E301_SECRET"):
        raise_for_failures("solaredge", references)


def test_after_five_hours_of_standstill_every_slot_is_there(sites, warehouse):
    extract(sites[0], until=NOW - 5 * HOUR, lookback=2 * HOUR)
    extract(sites[0])
    publish()
    slots = warehouse.execute('select distinct "timestamp" as at from canonical.meter_reading order by 1').fetchall()
    first = datetime(2026, 6, 10, 4, 0, tzinfo=UTC)  # an overlap before the mark
    assert [row["at"] for row in slots] == [first + quarter * timedelta(minutes=15) for quarter in range(8 * 4)]
    assert count(warehouse, "canonical.meter_reading") == 3 * 32


def test_an_account_is_never_used_for_a_site_of_another_vendor(sites, warehouse, portal):
    warehouse.execute("update ops.integration_credential set source_system = 'enphase'")
    with pytest.raises(SunledgerError, match="a solaredge site is registered with a enphase account"):
        extract(sites[0])
    assert requests.get(f"{portal}/_control/requests", timeout=10).json() == []
