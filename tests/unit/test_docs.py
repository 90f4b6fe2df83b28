"""What the project has, its pages name: rules, Dags, commands, settings."""

import json
import re
from pathlib import Path
from typing import get_type_hints

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = "\n".join(
    path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
)


def codes() -> set[str]:
    found = set()
    for path in (ROOT / "expectations").glob("*.json"):
        found |= {rule["meta"]["code"] for rule in json.loads(path.read_text())["expectations"]}
    for path in (ROOT / "include").rglob("*.py"):
        found |= set(re.findall(r'"(F00\d_[A-Z_]+)"', path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_rule_is_explained(code):
    assert f"| {code} |" in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def test_every_dag_is_described():
    for path in (ROOT / "dags").glob("*.py"):
        dag_id = path.stem.replace("extract_inverters", "extract_solaredge")
        assert f"`{dag_id}`" in PAGES


def test_every_command_is_described():
    from typer.main import get_command

    from include.cli.app import app

    for name, command in get_command(app).commands.items():
        for path in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert re.search(rf"`{path}\b|\bsunledger {path}\b", PAGES), f"no page names `sunledger {path}`"


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_promise_names_tests_that_exist():
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    promises = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| when |")]
    for promise in promises:
        proofs = re.findall(r"`([\w/]+(?:\.py|/))`", promise)
        assert proofs or "dbt unit test" in promise, f"nothing proves: {promise}"
        assert [path for path in proofs if not (ROOT / path).exists()] == [], promise
    assert len(promises) > 100


def test_the_command_that_makes_keys_names_every_scope():
    from include.cli import keys
    from include.warehouse import api_keys

    [option] = get_type_hints(keys.add, include_extras=True)["scope"].__metadata__
    assert [scope for scope in api_keys.SCOPES if scope not in re.findall(r"\w+", option.help)] == []
