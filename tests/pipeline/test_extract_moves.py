"""A site that got new ids at the vendor: stored with its mappings, read on in the same run, and not by a dry run."""

from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import ConfigurationError, SiteMoved
from simulators.server import Clock, running
from simulators.solaredge import create_app
from simulators.solaredge_plants import BERLIN_SITE, DENVER_SITE
from tests.pipeline.oracle import count
from tests.pipeline.solaredge_account import SERIALS, extract, mark, publish

OLD, NEW = str(DENVER_SITE), str(BERLIN_SITE)
DEVICES = {SERIALS[DENVER_SITE][0]: SERIALS[BERLIN_SITE][0], SERIALS[DENVER_SITE][2]: SERIALS[BERLIN_SITE][1]}
HALF_DAY = timedelta(hours=12)


@pytest.fixture
def portal(monkeypatch):
    """A portal whose present is ours."""
    with running(create_app(seed=7, clock=Clock(), calls_per_minute=10_000)) as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        monkeypatch.setenv("SOLAREDGE_CALLS_PER_MINUTE", "10000")
        yield url


@pytest.fixture
def moved(sites, warehouse, monkeypatch) -> int:
    """A site that was read before, and that the vendor knows under other ids now."""
    from include.sources.inverters.solaredge import SolarEdge

    extract(sites[0], until=datetime.now(UTC) - HALF_DAY, lookback=timedelta(hours=6))
    warehouse.execute("delete from ops.integration_site where external_site_id = %s", [NEW])
    warehouse.execute("delete from core.meter_device where external_site_id = %s", [NEW])
    warehouse.execute(
        "insert into core.meter_device (organization_id, meter_id, source_system, external_site_id, external_device_id)"
        " select organization_id, min(meter_id), 'solaredge', %s, %s from core.meter group by 1",
        [OLD, f"site:{OLD}:site_power"],
    )
    fetch = SolarEdge.fetch

    def fetch_or_move(self, site, window):
        if site.external_site_id == OLD:
            raise SiteMoved("the site was migrated", external_site_id=NEW, devices=DEVICES)
        assert set(site.devices) >= {*DEVICES.values()}
        yield from fetch(self, site, window)

    monkeypatch.setattr(SolarEdge, "fetch", fetch_or_move)
    return sites[0]


def mappings(warehouse, site: str) -> dict[str, int]:
    rows = warehouse.execute("select * from core.meter_device where external_site_id = %s", [site])
    return {row["external_device_id"]: row["meter_id"] for row in rows}


def test_the_new_ids_are_stored_together_and_the_run_goes_on_under_them(moved, warehouse):
    old = mappings(warehouse, OLD)
    before = mark(warehouse, moved)
    assert extract(moved, until=datetime.now(UTC)) == {"accepted": 4}
    assert mark(warehouse, moved) >= before + HALF_DAY
    row = warehouse.execute("select * from ops.integration_site").fetchone()
    assert (row["external_site_id"], row["last_sync_status"]) == (NEW, "success")
    assert mappings(warehouse, OLD) == old  # what was delivered under them can be replayed
    new = mappings(warehouse, NEW)
    assert {device: new[DEVICES[device]] for device in DEVICES} == {device: old[device] for device in DEVICES}
    assert new[f"site:{NEW}:site_power"] == old[f"site:{OLD}:site_power"]
    assert new[SERIALS[DENVER_SITE][1]] == old[SERIALS[DENVER_SITE][1]]  # one whose id stayed
    [entry] = warehouse.execute("select * from ops.audit_entry where action = 'move site'").fetchall()
    assert entry["details"] == {"from": OLD, "to": NEW, "devices": DEVICES}
    publish()
    of_both = warehouse.execute(
        "select meter_id from canonical.meter_reading group by 1 having count(distinct external_site_id) = 2"
    ).fetchall()
    assert {row["meter_id"] for row in of_both} == {old[device] for device in DEVICES}


def test_a_dry_run_reads_on_under_the_new_ids_and_stores_none(moved, warehouse):
    from include.pipeline.run_site import registered, run_site

    before = count(warehouse, "core.meter_device"), count(warehouse, "ops.audit_entry")
    [site] = registered("solaredge")
    dry = run_site(site, timedelta(hours=6), is_dry=True)
    assert dry.error is None and dry.statuses["accepted"] > 0
    assert all("R501_SITE_UNMAPPED" not in (load["verdict"] or {}).get("codes", {}) for load in dry.loads)
    assert (count(warehouse, "core.meter_device"), count(warehouse, "ops.audit_entry")) == before
    assert registered("solaredge")[0]["external_site_id"] == OLD


def test_a_move_to_a_site_that_is_registered_already_is_refused(sites, warehouse):
    from include.warehouse import moves
    from include.warehouse import sites as site_rows
    from include.warehouse.database import connect

    before = mappings(warehouse, NEW)
    with pytest.raises(ConfigurationError, match="registered already"), connect() as connection:
        moves.move(connection, site_rows.as_record(site_rows.get(connection, sites[0])), NEW, DEVICES)
    assert mappings(warehouse, NEW) == before and count(warehouse, "ops.audit_entry", "action = 'move site'") == 0
