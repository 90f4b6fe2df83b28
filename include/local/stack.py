"""Brings the one-machine stack up, step by step, and waits for its first publication."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import psycopg
from psycopg.rows import dict_row

from include.local import airflow, dags, databases, environment, ports, postgres, secrets
from include.local.airflow_api import AirflowApi
from include.local.dotenv import write
from include.local.failures import StackFailed
from include.local.portals import Portals
from include.local.progress import say, step
from include.local.settings import Settings
from include.local.supervisor import Child, Supervisor

POLL_S = 1.0
RESTART_S = 5.0
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Stack:
    """The parts of one start; ``start`` brings them up in order."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.supervisor = Supervisor(settings.local)
        self.secrets = secrets.load(settings.secrets)
        self.server: postgres.Server | None = None
        self.admin_url = settings.warehouse_url or ""
        self.service: dict[str, str] = {}

    def start(self) -> None:
        """Start everything, switch the Dags on and hand in the demo data."""
        self._start_postgres()
        self._choose_addresses()
        self._migrate()
        self._start_portals()
        airflow.start_api_server(self.supervisor, self.settings, self.service)
        self._run("create the demo organization", "demo", "apply", env=environment.for_demo(self.service))
        self._run("prepare dbt views and docs", "prepare")
        airflow.start_workers(self.supervisor, self.settings, self.service)
        with step("start Airflow"):
            self._wait_for_airflow()
        self.since = self._database_now()
        self._run("drop the demo files into the inbox", "demo", "drop")
        with step("switch on the Dags and ask the portals"):
            is_first = self._is_first()
            dags.switch_on(self.api, self.check, left=(dags.PUBLISHING,) if is_first else ())
        if is_first:
            with step("bring in what there is"):
                self._await(self._has_brought_in)
            dags.publish_first(self.api)

    def check(self) -> None:
        """Raise if a part that should keep running has stopped."""
        self.supervisor.check()
        if self.server and not self.server.is_running:
            raise StackFailed("PostgreSQL stopped", log=self.server.log)

    def tend(self) -> None:
        """Start again what has stopped, PostgreSQL first; a part that stops again and again is a failure."""
        if self.server and not self._serves_again():
            self.supervisor.note_revival("PostgreSQL", self.server.log)
            self.server.restart_immediate()
            say("PostgreSQL had stopped; it was started again")
        for name in self.supervisor.revive():
            say(f"{name} had stopped; it was started again")

    def _serves_again(self) -> bool:
        """Whether PostgreSQL runs, or is back after the moment that a restart by somebody else takes."""
        give_up_at = time.monotonic() + RESTART_S
        while not self.server.is_running:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(POLL_S / 4)
        return True

    def await_publication(self, *, stays_up: bool) -> None:
        """Wait until what was handed in is published, or something makes that impossible."""
        watch = dags.Watch(self.api, self.since, self.settings.logs / "airflow", stays_up=stays_up)
        with step("wait until everything is published"), closing(self._connect()) as connection:
            self._await(lambda: self._is_published(connection), watch.check)

    def facts(self) -> dict[str, Any]:
        """Return the figures of the summary."""
        from include.warehouse import summary

        with closing(self._connect()) as connection:
            return summary.collect(connection)

    def links(self) -> dict[str, str]:
        """Return where to look next, with the login."""
        return {
            "Airflow": self.airflow_url,
            "login": f"{airflow.ADMIN} / {self.secrets.airflow_admin}",
            "dbt docs": f"{self.airflow_url}/dbt-docs/",
            "Data Docs": f"{self.airflow_url}/data-docs/",
            "logs": str(self.settings.logs),
        }

    @property
    def airflow_url(self) -> str:
        """Where the Airflow UI listens."""
        return self.service["AIRFLOW__API__BASE_URL"]

    @cached_property
    def api(self) -> AirflowApi:
        """Airflow's REST API."""
        return AirflowApi(self.airflow_url, self.secrets.airflow_admin)

    def _start_postgres(self) -> None:
        if not self.settings.warehouse_url:
            with step("start PostgreSQL"):
                self.server = postgres.start(
                    self.settings.local / "postgres",
                    self.secrets.postgres,
                    port=self.settings.postgres_port,
                    log=self.settings.logs / "postgres.log",
                )
                self.admin_url = self.server.superuser_url
        with step("create databases"):
            databases.prepare(self.admin_url, self.secrets.airflow_database)

    def _choose_addresses(self) -> None:
        settings = self.settings
        airflow_port = ports.pick(settings.airflow_port)
        given = {**settings.dotenv, **os.environ}
        self.portals = Portals(given, settings.simulator_port, frozenset({airflow_port}))
        exported = environment.exports(settings, self.secrets, self.admin_url, self.portals)
        configured = airflow.environment(settings, self.secrets, self.admin_url, airflow_port)
        self.service = environment.for_service(settings, exported | configured)
        airflow.write_login(settings, self.secrets)
        write(settings.exports, exported)
        # This process looks into the inbox and the warehouse with the same settings.
        os.environ.update(exported)
        environment.load(settings)

    def _migrate(self) -> None:
        administrator = environment.for_migration(self.service, self.secrets, self.admin_url)
        metadata_url = airflow.database_url(self.secrets, self.admin_url)
        with step("migrate the warehouse and Airflow"):
            warehouse = self._start("migrate", _cli("migrate"), administrator)
            if not airflow.is_migrated(self.settings, metadata_url):
                self.supervisor.finish(self._start("airflow-migrate", airflow.command("db", "migrate"), self.service))
                airflow.note_migrated(self.settings, metadata_url)
            self.supervisor.finish(warehouse)

    def _start_portals(self) -> None:
        if not self.portals.ports:
            return
        with step("start the portal simulators"):
            self._start("portals", self.portals.command(), self.service)
            for port in self.portals.ports.values():
                ports.wait_answering(port, each=self.check)

    def _await(self, is_there: Callable[[], bool], *checks: Callable[[], None]) -> None:
        try:
            while not is_there():
                self.check()
                for check in checks:
                    check()
                time.sleep(POLL_S)
        except psycopg.OperationalError:
            self.check()  # says so if PostgreSQL itself is gone
            raise

    def _is_first(self) -> bool:
        """Whether nothing was ever published."""
        from include.warehouse import publications

        with closing(self._connect()) as connection:
            return not publications.is_any_closed(connection)

    def _has_brought_in(self) -> bool:
        from include.pipeline import inbox

        return dags.have_brought_in(self.api) and not inbox.waiting(0)

    def _is_published(self, connection: psycopg.Connection[dict[str, Any]]) -> bool:
        """True if nothing waits at any step; a start that brings nothing new needs no new publication."""
        from include.pipeline import inbox
        from include.warehouse import summary

        return summary.settled(connection, LONG_AGO) and not inbox.waiting(0) and dags.are_idle(self.api)

    def _wait_for_airflow(self) -> None:
        while self.api.unhealthy():
            self.check()
            time.sleep(POLL_S / 2)

    def _run(self, title: str, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        with step(title):
            self.supervisor.finish(self._start("-".join(arguments), _cli(*arguments), env or self.service))

    def _start(self, name: str, command: list[str], env: Mapping[str, str]) -> Child:
        return self.supervisor.start(name, command, env, self.settings.root)

    def _connect(self) -> psycopg.Connection[dict[str, Any]]:
        return psycopg.connect(self.service["WAREHOUSE_LOADER_URL"], row_factory=dict_row, autocommit=True)

    def _database_now(self) -> datetime:
        with closing(self._connect()) as connection:
            return connection.execute("select now() as now").fetchone()["now"]


def _cli(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "include.cli", *arguments]
