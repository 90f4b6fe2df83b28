"""A dry run calls the vendor, parses and judges as a real run does, and leaves nothing behind."""

import json
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import requests
from psycopg import sql

from include.core.errors import VendorUnavailable
from simulators.server import Clock, running
from simulators.solaredge import create_app
from simulators.solaredge_plants import DENVER_SITE
from tests import warm

ROOT = Path(__file__).resolve().parents[2]
VERDICT = ("status", "rows_in", "rows_clean", "rows_rejected", "rows_duplicate", "code", "data_start_at", "data_end_at")


@pytest.fixture
def portal(monkeypatch):
    """A portal whose present is ours, as the command asks for what is new."""
    with running(create_app(seed=7, clock=Clock(), calls_per_minute=10_000)) as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        monkeypatch.setenv("SOLAREDGE_CALLS_PER_MINUTE", "10000")
        yield url


def run(site: dict, *, is_dry: bool, hours: float = 24):
    from include.pipeline.run_site import run_site

    return run_site(site, timedelta(hours=hours), is_dry=is_dry)


def registered() -> list[dict]:
    from include.pipeline import run_site

    return run_site.registered("solaredge")


def everything(warehouse) -> dict[str, int]:
    """Rows of every table of ours, partitions included, and the keys of the lake; not the counted calls."""
    from include.lake.store import Lake

    tables = warehouse.execute(
        """
        select n.nspname as schema, c.relname as name
        from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
        where c.relkind in ('r', 'p') and c.relname <> 'api_usage'
            and n.nspname in ('core', 'ops', 'raw', 'quarantine', 'canonical', 'marts')
        """
    ).fetchall()
    query = sql.SQL("select count(*) as rows, md5(coalesce(string_agg(t::text, '' order by t::text), '')) from {} as t")
    rows = {
        table["name"]: tuple(
            warehouse.execute(query.format(sql.Identifier(table["schema"], table["name"]))).fetchone().values()
        )
        for table in tables
    }
    return rows | {listed.key: listed.size_bytes for listed in Lake().list("")}


def verdicts(report) -> list[dict]:
    return [
        {name: load[name] for name in VERDICT} | {"codes": (load["verdict"] or {}).get("codes")}
        for load in report.loads
    ]


def test_the_dry_verdict_is_the_real_one_and_nothing_is_written(sites, warehouse):
    # the inverters are registered as too weak for what they deliver, the meter is mapped to nobody
    warehouse.execute("update core.meter set rated_power_w = 50 where name <> '5E10AE00-M1'")
    warehouse.execute("update core.meter_device set external_device_id = 'other' where external_device_id like '%M1'")
    [site, _] = registered()
    before = everything(warehouse)
    dry = run(site, is_dry=True)
    assert everything(warehouse) == before
    real = run(site, is_dry=False)
    assert verdicts(dry) == verdicts(real) and len(dry.loads) == 4
    assert {code for load in dry.loads for code in load["verdict"]["codes"]} >= {"R501_SITE_UNMAPPED"}
    assert sum(load["rows_rejected"] for load in dry.loads) > 96
    assert (dry.state, dry.window) == (real.state, real.window)
    stored = everything(warehouse)
    again = run(site, is_dry=True)
    assert again.statuses == {"duplicate": 4} and everything(warehouse) == stored


def test_a_dry_run_of_a_site_that_fails_says_why_and_marks_nothing(sites, portal, warehouse, no_waiting):
    fault = {"path": f"/v2/sites/{DENVER_SITE}/meters", "times": 50, "status": 503}
    requests.post(f"{portal}/_control/faults", json=[fault], timeout=10)
    [site, _] = registered()
    before = everything(warehouse)
    dry = run(site, is_dry=True)
    assert isinstance(dry.error, VendorUnavailable) and dry.state == "partial"
    assert everything(warehouse) == before


def test_an_answer_that_cannot_be_parsed_is_rejected_and_the_rest_is_judged(sites, portal, warehouse):
    fault = {"path": f"/v2/sites/{DENVER_SITE}/meters", "times": 1, "status": 200, "body": '{"meters": 7}'}
    requests.post(f"{portal}/_control/faults", json=[fault], timeout=10)
    [site, _] = registered()
    before = everything(warehouse)
    dry = run(site, is_dry=True)
    assert dry.statuses == {"accepted": 3, "rejected": 1} and "E410" in dry.reason
    assert everything(warehouse) == before


@pytest.fixture
def sunledger(sites, tmp_path):
    return partial(warm.sunledger, cwd=tmp_path)


def test_the_command_shows_what_came_and_ends_as_scripts_expect(sunledger, portal, warehouse):
    dry = sunledger("extract", "solaredge", "--lookback", "6", "--dry-run", "--json")
    assert dry.returncode == 0, dry
    assert [(site["site"], site["state"], site["rows_in"]) for site in json.loads(dry.stdout)] == [
        ("2016001", "success", 72),
        ("2016002", "success", 48),
    ]
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 0
    done = sunledger("extract", "solaredge", "--site", "2016001", "--organization", "Sun", "--lookback", "6")
    assert done.returncode == 0 and "2 accepted" in done.stdout and "72" in done.stdout, done
    assert done.stderr == ""  # no bar and no log where nobody looks
    wordy = sunledger("extract", "solaredge", "--site", "2016001", "--lookback", "6", "--verbose")
    assert "2 duplicate" in wordy.stdout and "GET /v2/sites/2016001/meters/telemetry: 200" in wordy.stderr


def test_the_command_tells_failures_from_those_that_pass_by_themselves(sunledger, portal, warehouse):
    # a wait beyond what one call may take is left to the caller
    throttle = {"path": f"/v2/sites/{DENVER_SITE}/", "times": 50, "status": 429, "headers": {"retry-after": "3600"}}
    requests.post(f"{portal}/_control/faults", json=[throttle], timeout=10)
    later = sunledger("extract", "solaredge", "--lookback", "6", "--json")
    assert later.returncode == 3
    assert [(site["state"], site["reason"][:4]) for site in json.loads(later.stdout)] == [
        ("error", "E402"),
        ("success", ""),
    ]
    requests.delete(f"{portal}/_control/faults", timeout=10)
    warehouse.execute("update ops.integration_credential set encrypted_credentials = 'AAAA'")
    failed = sunledger("extract", "solaredge", "--site", "2016001")
    assert failed.returncode == 1 and "E301_SECRET" in failed.stdout
    for arguments, words in [
        (("extract", "telepathy"), "no vendor 'telepathy'"),
        (("extract", "solaredge", "--site", "4711"), "no solaredge site '4711'"),
        (("extract", "solaredge", "--organization", "Nobody"), "no organization 'Nobody'"),
    ]:
        done = sunledger(*arguments)
        assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr, done
