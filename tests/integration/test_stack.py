"""The whole stack as a user starts it, with the real scheduler; killed in the middle of its work and started again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import requests

from tests.pipeline.oracle import count

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 900
GAPS = """
select count(*) as n from (
    select "timestamp" - lag("timestamp") over (partition by meter_id order by "timestamp") as step
    from canonical.meter_reading where source_system = 'solaredge'
) as steps where step <> interval '15 minutes'
"""

pytestmark = pytest.mark.scheduler


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of its own for everything that the stack stores."""
    local = tmp_path_factory.mktemp("stack") / "local"
    yield local
    _stack(local, "down").wait(timeout=120)


def _stack(local: Path, *arguments: str) -> subprocess.Popen:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "WAREHOUSE", "DBT"))}
    env = {**kept, "SUNLEDGER_LOCAL_DIR": str(local), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "include.local", *arguments]
    return subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _marked(local: Path) -> list[int]:
    """Processes that carry the stack's mark in their environment."""
    mark = f"SUNLEDGER_STACK={local}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # it ended meanwhile, or is not ours to look at
            continue
    return found


def _warehouse(local: Path) -> psycopg.Connection:
    exports = dict(line.split("=", 1) for line in (local / "env").read_text().splitlines() if "=" in line)
    url = exports["WAREHOUSE_LOADER_URL"].strip("'\"")
    return psycopg.connect(url, autocommit=True, row_factory=psycopg.rows.dict_row)


def _wait_for(condition, process: subprocess.Popen) -> None:
    give_up_at = time.monotonic() + TIMEOUT_S
    while not condition():
        assert process.poll() is None, process.stdout.read()[-4000:]
        assert time.monotonic() < give_up_at, "the stack never came so far"
        time.sleep(0.5)


def _is_publishing(local: Path) -> bool:
    try:
        with _warehouse(local) as warehouse:
            return count(warehouse, "ops.publication", "status = 'open'") == 1
    except (FileNotFoundError, psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return False  # it is still starting


@pytest.fixture(scope="module")
def stack(folder) -> tuple[subprocess.Popen, str]:
    """A stack that was killed while it published and is up again, and what it printed; the tests here share it."""
    front = _stack(folder, "up")
    _wait_for(lambda: _is_publishing(folder), front)
    front.send_signal(signal.SIGKILL)
    front.wait(timeout=30)

    again = _stack(folder, "up")
    printed = []
    _wait_for(lambda: printed.append(again.stdout.readline()) or "Sunledger is up" in printed[-1], again)
    return again, "".join(printed)


def test_a_stack_killed_in_the_middle_of_a_publication_ends_as_an_undisturbed_one(stack, folder):
    _, text = stack
    assert "rows add up" in text and "do NOT add up" not in text
    with _warehouse(folder) as warehouse:
        assert count(warehouse, "ops.publication", "status = 'open'") == 0
        assert count(warehouse, "canonical.meter_reading", "source_system = 'manual'") == 480 + 1194
        # what the portal delivers goes with the clock: at least 48 hours of 5 devices, without a gap
        assert count(warehouse, "canonical.meter_reading", "source_system = 'solaredge'") >= 5 * 192
        assert warehouse.execute(GAPS).fetchone()["n"] == 0
        energy = warehouse.execute(
            "select sum(energy_wh) as wh from canonical.meter_reading where external_site_id = 'SERF-WEST'"
        ).fetchone()["wh"]
        assert round(float(energy)) == 100812  # sum of ac_power x 0.25 h over the file, added up by hand
        secret = "sunledger-demo-key"
        logs = [path for path in (folder / "logs").rglob("*") if path.is_file()]
        leaked = [path for path in logs if secret in path.read_text(errors="ignore")]
        assert leaked == []
        assert secret not in json.dumps(warehouse.execute("select * from ops.ingestion_log").fetchall(), default=str)


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium, as .ci/packages.txt lists it")
def test_the_pages_stand_behind_the_login_and_show_what_happened(stack):
    from playwright.sync_api import sync_playwright

    _, text = stack
    base = re.search(r"Airflow\s+(http://127\.0\.0\.1:\d+)", text)[1]
    password = re.search(r"login\s+admin / (\S+)", text)[1]
    for page in ("/data-docs/", "/dbt-docs/"):
        assert requests.get(base + page, allow_redirects=False, timeout=30).status_code == 401

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.goto(f"{base}/auth/login")
        page.fill("input[name=username]", "admin")
        page.fill("input[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url, timeout=60_000)
        page.goto(f"{base}/data-docs/")
        assert page.get_by_text("hand_typed.csv").count() == 1 and page.get_by_text("held").count() >= 1
        page.get_by_role("link", name="hand_typed.csv").click()
        page.get_by_text("R106_TS_NONEXISTENT").first.wait_for()
        page.goto(f"{base}/dbt-docs/#!/model/model.sunledger.meter_reading")
        page.get_by_text("One row per meter, metering interval and source").first.wait_for(timeout=60_000)
        page.goto(f"{base}/dags/transform")
        page.get_by_text("close_publication").first.wait_for(timeout=60_000)
        browser.close()


def test_a_stack_that_is_stopped_leaves_no_process(stack, folder):
    """The last one here: it stops what the others look at."""
    process, _ = stack
    assert _marked(folder) != []
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 0
    assert _marked(folder) == []
