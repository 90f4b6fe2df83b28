"""A durable throw-away PostgreSQL with a migrated template, and fresh warehouses made from it."""

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count as counting
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.readings import METERS, RATED_W
from include.local import postgres
from include.local.pgsettings import DURABLE

ROLES = ("loader", "transformer", "api", "reader")
TEMPLATE = "bench_template"


@dataclass(frozen=True, slots=True)
class Bench:
    """The running server and a folder for files; `fresh` makes warehouses."""

    server: postgres.Server
    folder: Path
    password: str = field(repr=False)
    numbers: counting = field(default_factory=counting)

    @property
    def postgres_pid(self) -> int:
        """The postmaster's process id."""
        return int((self.server.data_dir / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def fresh(self) -> Iterator[dict[str, str]]:
        """An empty warehouse; yields the environment that points a process to it, and drops it afterwards."""
        name = f"bench_{next(self.numbers)}"
        self._execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        try:
            yield self.environment(name)
        finally:
            self._execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def plain(self) -> Iterator[str]:
        """An empty database without anything of ours; yields the superuser's URL."""
        name = f"plain_{next(self.numbers)}"
        self._execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            yield self.server.url(name)
        finally:
            self._execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def environment(self, database: str) -> dict[str, str]:
        """The settings of a process that works on a database of this server."""
        urls = {
            f"WAREHOUSE_{role.upper()}_URL": self.server.url(database, f"sunledger_{role}", self.password)
            for role in ROLES
        }
        return urls | {
            "LAKE_URL": f"file://{self.folder / database / 'lake'}",
            "DBT_TARGET_PATH": str(self.folder / database / "target"),
            "DBT_LOG_PATH": str(self.folder / database / "logs"),
            "BENCH_SUPERUSER_URL": self.server.url(database),
            "BENCH_POSTGRES_PID": str(self.postgres_pid),
        }

    def _execute(self, statement: sql.Composable) -> None:
        with psycopg.connect(self.server.superuser_url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def bench(meters: int = METERS, settings: Mapping[str, str] | None = None) -> Iterator[Bench]:
    """Start the server, with commits that reach the disk, and prepare a template that knows so many meters."""
    with tempfile.TemporaryDirectory(prefix="sunledger-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server reads the floors' files itself, as a user of its own
        server = postgres.start(folder / "data", secrets.token_urlsafe(24), settings={**DURABLE, **(settings or {})})
        try:
            made = Bench(server, folder, secrets.token_urlsafe(24))
            _prepare(made, meters)
            yield made
        finally:
            server.stop()


def _prepare(made: Bench, meters: int) -> None:
    from include.pipeline import dbt, registration
    from include.warehouse.migrate import migrate

    made._execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    os.environ |= {f"SUNLEDGER_{role.upper()}_PASSWORD": made.password for role in ROLES}
    os.environ |= made.environment(TEMPLATE)
    migrate(made.server.url(TEMPLATE))
    dbt.prepare()
    registration.apply(_document(meters))


def _document(count: int) -> dict:
    meters = [
        {
            "name": f"M{number}",
            "rated_power_w": RATED_W,
            "devices": [{"source": "snowflake", "site": "P1", "device": f"INV-{number}"}],
        }
        for number in range(count)
    ]
    project = {
        "name": "Plant",
        "time_zone": "Europe/Berlin",
        "latitude": 52.5,
        "longitude": 13.4,
        "installed_ac_capacity_kw": count * RATED_W / 1000,
        "meters": [*meters, {"name": "Spare", "devices": [{"source": "snowflake", "site": "P1", "device": "SPARE"}]}],
    }
    return {"organization": "Benchmark Energy", "projects": [project]}
