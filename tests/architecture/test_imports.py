"""Who may import whom: the house has doors, and only these."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# folder -> what of ours it may import (its own folder always), and outside packages that it must not
ALLOWED = {
    "include/core": ((), ("airflow", "psycopg", "requests", "pandas")),
    "include/http": (("include.core",), ("airflow",)),
    "include/lake": (("include.core",), ("airflow",)),
    "include/security": (("include.core",), ("airflow",)),
    "include/judging": (("include.core",), ("airflow",)),
    "include/sources/inverters": (("include.core", "include.http", "include.security"), ("airflow", "psycopg")),
    "include/sources/files": (("include.core",), ("airflow", "psycopg", "requests")),
    "include/sources/billing": (("include.core", "include.sources.files"), ("airflow", "psycopg", "requests")),
    "include/evidence": (("include.core", "include.lake", "include.security"), ("airflow", "psycopg", "requests")),
    "include/retention": (
        ("include.core", "include.lake", "include.security", "include.warehouse"),
        ("airflow", "psycopg", "requests"),
    ),
    "include/warehouse": (("include.core", "include.lake", "include.security"), ("airflow", "requests")),
    "include/pipeline": (
        (
            "include.core",
            "include.evidence",
            "include.http.octets",
            "include.judging",
            "include.lake",
            "include.retention",
            "include.security",
            "include.sources",
            "include.warehouse",
        ),
        ("airflow", "requests"),
    ),
    "include/api": (
        (
            "include.core",
            "include.judging",
            "include.lake",
            "include.pipeline",
            "include.security",
            "include.warehouse",
        ),
        ("airflow", "requests"),
    ),
    "include/orchestration": (("include",), ()),
    "include/triggers": (("include",), ()),
    "include/local": (("include.core", "include.pipeline", "include.sources.inverters", "include.warehouse"), ()),
    # what runs the services on several machines reuses what runs them on one
    "include/compose": (
        (
            "include.cli",
            "include.core",
            "include.lake",
            "include.local",
            "include.pipeline",
            "include.sources.inverters",
            "include.warehouse",
        ),
        (),
    ),
    "include/cli": (
        ("include.core", "include.judging", "include.local", "include.pipeline", "include.warehouse"),
        ("airflow",),
    ),
    "dags": (("include.orchestration", "include.pipeline", "include.sources"), ("requests", "psycopg", "pandas")),
    "plugins": (
        (
            "include.api",
            "include.core",
            "include.judging",
            "include.orchestration",
            "include.pipeline",
            "include.security",
            "include.warehouse",
        ),
        ("requests",),
    ),
    "simulators": ((), ("airflow", "psycopg")),
    "migrations": ((), ("airflow", "dbt")),
}
OURS = ("include", "dags", "plugins", "simulators", "migrations", "tests")
# the one place in a source package that the pipeline may name, beside its vendors' shared settings
PIPELINE_DOORS = (
    "include.sources.inverters", "include.sources.inverters.base", "include.sources.files", "include.sources.billing"
)  # fmt: skip


def python_files() -> Iterator[Path]:
    for folder in ("include", "dags", "plugins", "simulators", "migrations"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module in {"include", "include.sources"}:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    place = path.relative_to(ROOT).as_posix()
    return max((folder for folder in ALLOWED if place.startswith(f"{folder}/")), key=len, default="")


@pytest.mark.parametrize("path", python_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_import_goes_through_an_allowed_door(path):
    folder = room(path)
    if not folder:
        assert path.name == "__init__.py", f"{path} lies in no known room"
        return
    allowed, forbidden = ALLOWED[folder]
    own = folder.replace("/", ".")
    for module in imported(path):
        top = module.split(".")[0]
        if top in OURS:
            inside = module == own or module.startswith(f"{own}.")
            through = any(module == door or module.startswith(f"{door}.") for door in allowed)
            assert inside or through, f"{folder} may not import {module}"
            if folder == "include/pipeline" and module.startswith("include.sources."):
                assert module in PIPELINE_DOORS, f"the pipeline knows sources by their registry, not {module}"
        assert top not in forbidden, f"{folder} may not import {module}"


def test_a_dag_fits_one_screen_and_no_module_outgrows_a_reader():
    for path in python_files():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        limit = 75 if path.parent.name == "dags" else 300
        assert lines <= limit, f"{path.relative_to(ROOT)} has {lines} lines"
