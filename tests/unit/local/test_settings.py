import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_ROOT
from include.local import dotenv, settings

CODE = ("include", "plugins", "dags", "simulators", "expectations", "migrations")
OURS = re.compile(r"(SUNLEDGER|WAREHOUSE|LAKE|INBOX|SOLAREDGE|DBT)_[A-Z0-9_]*[A-Z0-9]")
# Not decisions about Sunledger: the surroundings of a process, or another tool's own settings.
OF_OTHERS = {"PATH", "HOME", "NO_PROXY", "no_proxy", "PIP_INDEX_URL"}


def read_names(path: Path) -> set[str]:
    """The variables a module reads from the environment, or names as ours."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"os.environ.get", "os.getenv"}:
            names |= constants(node.args[0])
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            names |= constants(node.slice)
        names |= {name for name in constants(node) if OURS.fullmatch(name)}
    return names - OF_OTHERS


def constants(node: ast.AST) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def documented() -> dict[str, str]:
    return dotenv.read(PROJECT_ROOT / ".env.example")


def test_every_variable_that_code_reads_stands_in_the_example():
    modules = [path for folder in CODE for path in (PROJECT_ROOT / folder).rglob("*.py")]
    used = {name for path in modules for name in read_names(path)}
    for path in (PROJECT_ROOT / "dbt_project").rglob("*.*ml"):
        used |= set(re.findall(r"env_var\(\s*['\"]([A-Z_]+)['\"]", path.read_text()))
    assert used - set(documented()) == set()


def test_every_setting_of_a_vendor_stands_in_the_example():
    from include.pipeline.accounts import LIMIT_SETTINGS
    from include.sources.inverters import REGISTRY

    names = {
        f"{vendor}_{name}".upper()
        for vendor, module in REGISTRY.items()
        for name in (*module.SETTINGS, *LIMIT_SETTINGS)
    }
    assert names - set(documented()) == set()


def test_the_example_explains_its_variables_and_changes_nothing():
    lines = (PROJECT_ROOT / ".env.example").read_text().splitlines()
    explained = [line for before, line in pairwise(lines) if before.startswith("# ") and "=" in line]
    assert len(explained) > 15
    assert set(documented().values()) == {""}


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    (tmp_path / ".env").write_text("SUNLEDGER_AIRFLOW_PORT=9001\nSUNLEDGER_POSTGRES_PORT=9002\nLAKE_URL=\n")
    found = settings.read({"SUNLEDGER_AIRFLOW_PORT": "9100"}, tmp_path)
    assert (found.airflow_port, found.postgres_port, found.simulator_port) == (9100, 9002, 8090)
    assert found.lake_url == f"file://{tmp_path}/.local/lake"


def test_the_executor_is_sized_to_the_machine(tmp_path):
    assert 2 <= settings.read({}, tmp_path).parallelism <= 8


@pytest.mark.parametrize("value", ["many", "-1", "0", "1.5"])
def test_a_setting_that_is_no_number_is_refused_by_name(value, tmp_path):
    with pytest.raises(ConfigurationError, match="SUNLEDGER_TIMEOUT_S"):
        settings.read({"SUNLEDGER_TIMEOUT_S": value}, tmp_path)
