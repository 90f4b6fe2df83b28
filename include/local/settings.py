"""What the user may decide about the one-machine stack, and its defaults.

The environment wins over ``.env``, which wins over the defaults; an empty value counts as unset.
``.env.example`` names every variable.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_ROOT
from include.local import dotenv

ROOT = PROJECT_ROOT


@dataclass(frozen=True, slots=True)
class Settings:
    """The decisions for one start of the stack."""

    root: Path
    local: Path
    lake_url: str
    inbox: Path
    warehouse_url: str | None
    airflow_port: int
    postgres_port: int
    simulator_port: int
    parallelism: int
    timeout_s: int
    dotenv: Mapping[str, str]

    @property
    def run(self) -> Path:
        """Where the records of running processes lie."""
        return self.local / "run"

    @property
    def logs(self) -> Path:
        """Where every part of the stack writes its log."""
        return self.local / "logs"

    @property
    def exports(self) -> Path:
        """What another terminal needs to talk to the running stack."""
        return self.local / "env"

    @property
    def dbt_target(self) -> Path:
        """Where dbt writes its artifacts and docs."""
        return self.local / "dbt_target"

    @property
    def stored(self) -> list[Path]:
        """Everything the stack keeps in its folder."""
        folders = ("airflow", "data_docs", "dbt_target", "inbox", "lake", "logs", "run")
        return [self.exports, *(self.local / name for name in folders), *self.local.glob("postgres*"), self.secrets]

    @property
    def secrets(self) -> Path:
        """Where the generated passwords and keys lie."""
        return self.local / "secrets.json"


def read(environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> Settings:
    """Read the settings of this checkout."""
    from_file = dotenv.read(root / ".env")
    given = {name: value for name, value in {**from_file, **environ}.items() if value}
    local = (root / given.get("SUNLEDGER_LOCAL_DIR", ".local")).resolve()
    processors = os.cpu_count() or 1
    return Settings(
        root=root,
        local=local,
        lake_url=given.get("LAKE_URL", f"file://{local}/lake"),
        inbox=(root / given.get("INBOX_DIR", str(local / "inbox"))).resolve(),
        warehouse_url=given.get("WAREHOUSE_URL"),
        airflow_port=_number(given, "SUNLEDGER_AIRFLOW_PORT", 8080),
        postgres_port=_number(given, "SUNLEDGER_POSTGRES_PORT", 5433),
        simulator_port=_number(given, "SUNLEDGER_SIMULATOR_PORT", 8090),
        parallelism=_number(given, "SUNLEDGER_PARALLELISM", max(2, min(8, processors + 2))),
        timeout_s=_number(given, "SUNLEDGER_TIMEOUT_S", 900),
        dotenv=from_file,
    )


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(f"{name} must be a positive whole number, not {text!r}")
    return int(text)
