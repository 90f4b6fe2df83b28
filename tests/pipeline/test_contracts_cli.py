"""Contracts on the command line: plans in words, exit codes, CSV of events and meter tests."""

import json
import re

import pytest
from typer.testing import CliRunner

YAML = """
organization: Test Energy
contract:
  external_contract_id: PPA-1
  project: Plant
  name: no            # a word, not a truth value
  starts_on: 2026-01-01
  currency_code: eur
obligations:
  - code: availability
    metric: availability
    threshold_percent: 97.5
    ld_per_point: 0.1
    irradiance_threshold_wm2: 100
"""


@pytest.fixture
def sunledger(organization, tmp_path):
    """Call a command with files of these contents; returns exit code, standard output and error."""
    from include.cli.app import app

    def call(*arguments: str, **files: str):
        paths = [tmp_path / name.replace("_csv", ".csv").replace("_yaml", ".yaml") for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.write_text(text)
        done = CliRunner().invoke(app, ["contracts", *arguments, *map(str, paths)])
        return done.exit_code, done.stdout, done.stderr

    return call


def test_a_plan_speaks_of_the_contract_and_applying_it_twice_is_applying_it_once(sunledger, warehouse):
    code, planned, _ = sunledger("plan", a_yaml=YAML)
    assert code == 0
    for words in (
        "obligations[0].threshold_percent is read as guarantee_percent",
        "new contract PPA-1: no, about Plant, from 2026-01-01 on",
        "new promise availability: available hours, at least 97.5 percent, every month; 0.1 EUR per point",
        "availability takes the default of",
        "assessed again: PPA-1, 2026-01-01 to",
        "nothing was written",
    ):
        assert words in planned
    assert warehouse.execute("select from core.contract").rowcount == 0
    assert sunledger("apply", a_yaml=YAML)[1].splitlines()[-1] == "applied"
    code, again, _ = sunledger("apply", a_yaml=YAML)
    assert (code, again.splitlines()[-1]) == (0, "nothing changes: all of this is stored already")
    code, _, error = sunledger("apply", a_yaml=YAML.replace("97.5", "98"))
    assert code == 1 and error.startswith("C708_NO_REASON")
    code, changed, _ = sunledger("apply", "--reason", "amendment", a_yaml=YAML.replace("97.5", "98"))
    assert (code, "availability: guarantee_percent 97.5 becomes 98" in changed) == (0, True)

    code, listed, _ = sunledger("list", "--organization", "Test Energy", "--json")
    assert [(c["external_contract_id"], c["version"]) for c in json.loads(listed)] == [("PPA-1", 2)]
    code, shown, _ = sunledger("show", "PPA-1", "--organization", "Test Energy", "--json")
    shown = json.loads(shown)
    assert [v["reason"] for v in shown["versions"]] == ["", "amendment"]
    assert [(o["version"], o["guarantee"]) for o in shown["obligations"]] == [
        (1, "97.5000000000"),
        (2, "98.0000000000"),
    ]
    assert sunledger("show", "PPA-1", "--organization", "Test Energy")[0] == 0
    assert sunledger("list", "--organization", "Test Energy")[0] == 0


def test_every_mistake_is_a_line_with_its_place(sunledger):
    wrong = YAML.replace("97.5", "many").replace("metric:", "metrik:")
    code, _, error = sunledger("apply", a_yaml=wrong)
    assert code == 1
    found = [re.match(r"(C70\d)\w+: (\S+), line (\d+):", line).groups() for line in error.splitlines()]
    assert found == [
        ("C703", "obligations[0].metric", "10"),
        ("C702", "obligations[0].metrik", "11"),
        ("C704", "obligations[0].threshold_percent", "12"),
    ]
    assert sunledger("apply", a_csv="x,y\n1,2\n")[0] == 1
    assert sunledger("apply", "--organization", "Nobody", a_yaml=YAML)[0] != 0


def test_events_and_tests_come_as_csv(sunledger, warehouse):
    sunledger("apply", a_yaml=YAML)
    own = ("--organization", "Test Energy")
    log = "event_id;facility;project;type;starts_at;ends_at;meter\n"
    code, _, error = sunledger("events", "apply", *own, log_csv=log + "1;x;Plant;CURTAIL;2026-02-01 10:05;;\n")
    assert (code, "events[0].facility, line 2" in error) == (1, True)
    log = "event_id;project;type;starts_at;ends_at;meter\n"
    rows = "1;Plant;CURTAIL;2026-02-01 10:05;2026-02-01 10:50;\n"
    rows += "2;Plant;EQUIP_FAILURE;2026-02-02T09:00Z;2026-02-02T10:00Z;M1\n"
    assert "nothing was written" in sunledger("events", "apply", *own, "--dry-run", log_csv=log + rows)[1]
    code, said, _ = sunledger("events", "apply", *own, "--json", log_csv=log + rows)
    said = json.loads(said)
    assert (code, len(said["changes"]), said["is_written"]) == (0, 2, True)
    assert [(d["from_on"], d["to_on"]) for d in said["reassessed"]] == [
        ("2026-02-01", "2026-02-01"),
        ("2026-02-02",) * 2,
    ]
    stored = warehouse.execute("select event_class, starts_at::text from core.plant_event order by 2").fetchall()
    assert [row["event_class"] for row in stored] == ["curtailment", "forced_outage"]
    tests = "project,meter,tested_at,last_good_at,error_percent\nPlant,M1,2026-06-01 12:00,2026-05-01 12:00,1.6\n"
    assert sunledger("tests", "apply", *own, tests_csv=tests)[0] == 0
    assert "M1" in sunledger("show", "PPA-1", *own)[1]
