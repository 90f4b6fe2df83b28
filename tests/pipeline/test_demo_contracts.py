"""The demo's contracts fit the demo's plants, and `make run` may apply them again and again."""

import pytest
import yaml
from typer.testing import CliRunner


@pytest.fixture
def apply_demo(warehouse, monkeypatch):
    from include.cli import demo

    # without vendors: their secrets belong to the stack
    register = yaml.safe_load((demo.DEMO / "register.yaml").read_text(encoding="utf-8")) | {"accounts": []}
    monkeypatch.setattr(yaml, "safe_load", lambda _: register)
    return lambda: CliRunner().invoke(demo.app, ["apply"])


def test_the_demo_applies_its_contracts_once(apply_demo, rows):
    first = apply_demo()
    assert first.exit_code == 0, first.output
    metrics = {row["metric"] for row in rows("select distinct metric from core.obligation")}
    assert metrics == {"availability", "energy", "performance_ratio", "capacity_factor", "completeness", "delay"}
    assert {row["version"] for row in rows("select version from core.contract_version")} == {1}
    again = apply_demo()
    assert again.output.count("unchanged, version 1") == len(rows("select from core.contract")) == 3
