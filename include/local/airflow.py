"""Airflow for one machine: its environment, its metadata database and its four services.

The services run as four children instead of ``airflow standalone``, so that each has its own log,
the death of one is noticed, and stopping one stops what it started.
"""

import json
import os
import sys
from collections.abc import Mapping
from importlib.metadata import version

import psycopg

from include.local.environment import with_login
from include.local.ports import LOOPBACK
from include.local.secrets import Secrets, write_private
from include.local.settings import Settings
from include.local.supervisor import Child, Supervisor

DATABASE = "sunledger_airflow"
ADMIN = "admin"


def command(*arguments: str) -> list[str]:
    """Return the command line of an Airflow subcommand in this environment."""
    return [sys.executable, "-m", "airflow", *arguments]


def base_url(port: int) -> str:
    """Where the Airflow UI and its API listen."""
    return f"http://{LOOPBACK}:{port}"


def database_url(secrets: Secrets, admin_url: str) -> str:
    """Return the login of Airflow's own role on its metadata database."""
    return with_login(admin_url, DATABASE, secrets.airflow_database, DATABASE)


def environment(settings: Settings, secrets: Secrets, admin_url: str, port: int) -> dict[str, str]:
    """Return Airflow's configuration as environment variables; the user's own ones win over it."""
    home = settings.local / "airflow"
    # Airflow speaks to its metadata database through psycopg2.
    database = database_url(secrets, admin_url).replace("postgresql://", "postgresql+psycopg2://", 1)
    configuration = {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__DAGS_FOLDER": settings.root / "dags",
        "AIRFLOW__CORE__PLUGINS_FOLDER": settings.root / "plugins",
        "AIRFLOW__CORE__LOAD_EXAMPLES": False,
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": settings.parallelism,
        "AIRFLOW__CORE__FERNET_KEY": secrets.airflow_fernet,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": home / "passwords.json",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base_url(port)}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__API__BASE_URL": base_url(port),
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__WORKERS": 1,
        "AIRFLOW__API__SECRET_KEY": secrets.airflow_session,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.airflow_jwt,
        # After a crash the tasks of the dead scheduler go on within a minute instead of five.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 15,
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": 30,
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 30,
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": 180,
        "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": 300,
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": 120,
        # So long a task that is over may keep its slot, when its process ends a moment after its last word.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
        # A task that could not read its Dag file tries again soon, not after a minute.
        "AIRFLOW__WORKERS__MISSING_DAG_RETRY_DELAY": 5,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": settings.logs / "airflow",
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": settings.logs / "airflow" / "dag_processor",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": False,
        "AIRFLOW__LOGGING__UVICORN_LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": False,
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": False,
    }
    return {name: os.environ.get(name) or str(value) for name, value in configuration.items()}


def write_login(settings: Settings, secrets: Secrets) -> None:
    """Store the generated password where Airflow's login looks for it."""
    write_private(settings.local / "airflow" / "passwords.json", json.dumps({ADMIN: secrets.airflow_admin}))


def is_migrated(settings: Settings, database_url: str) -> bool:
    """True if the metadata database still is as this version of Airflow has migrated it."""
    stamp = settings.local / "airflow" / "migrated"
    return stamp.exists() and stamp.read_text() == _state(database_url)


def note_migrated(settings: Settings, database_url: str) -> None:
    """Remember the state after a migration, so that the next start can skip it."""
    (settings.local / "airflow" / "migrated").write_text(_state(database_url))


def start_api_server(supervisor: Supervisor, settings: Settings, env: Mapping[str, str]) -> Child:
    """Start the API server with the UI; requests have bounded heads."""
    port = env["AIRFLOW__API__PORT"]
    server = [sys.executable, "-m", "include.local.api_server"]
    arguments = [*server, "--host", LOOPBACK, "--port", port, "--workers", "1"]
    return supervisor.start("api-server", arguments, env, settings.root)


def start_workers(supervisor: Supervisor, settings: Settings, env: Mapping[str, str]) -> None:
    """Start what schedules, parses and defers; their log servers would listen on every address."""
    scheduler = [sys.executable, "-m", "include.local.scheduler", "--skip-serve-logs"]
    supervisor.start("scheduler", scheduler, env, settings.root)
    supervisor.start("dag-processor", command("dag-processor"), env, settings.root)
    supervisor.start("triggerer", command("triggerer", "--skip-serve-logs"), env, settings.root)


def _state(database_url: str) -> str:
    try:
        with psycopg.connect(database_url, connect_timeout=10) as connection:
            row = connection.execute("select version_num from alembic_version").fetchone()
    except psycopg.Error:
        row = None
    return f"{version('apache-airflow')} {row[0] if row else 'empty'}"
