"""The ``.env`` that docker-compose.yaml reads: every password and key drawn once, nothing with a default.

Values are safe inside URLs, in single quotes, and for both generations of Compose.
"""

import json
import secrets as randomness
import shlex
from pathlib import Path

from include.core.errors import ConfigurationError
from include.local.portals import SETTINGS, demo_secrets
from include.local.secrets import Secrets, write_private

PUBLIC_URL = "http://127.0.0.1:8080"
# moto takes every key, but signed requests need one
DEMO_LAKE = {
    "conn_type": "aws",
    "login": "demo",
    "password": "demo-only",
    "extra": {"endpoint_url": "http://moto:5000", "region_name": "us-east-1"},
}
DEMO_BUCKET = "s3://sunledger-demo"
SIMULATORS = "simulators"
FIRST_SIMULATOR_PORT = 8090


def write(path: Path, *, is_demo: bool) -> None:
    """Write the file, readable by its owner only; one that exists is never replaced, its keys open stored secrets."""
    if path.exists():
        raise ConfigurationError(
            "the file exists; its keys may be the only ones that open what is stored",
            place=str(path),
            remedy="add what is missing by hand, or name another file with --to",
        )
    variables = drawn(Secrets()) | (demo() if is_demo else {})
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in variables.items()]
    missing = [] if is_demo else ["# where the lake is, see docs/deployment.md\n", *(f"{name}=\n" for name in OWN)]
    write_private(path, "".join([*lines, *missing]))


# what only the operator knows
OWN = ("LAKE_URL", "AIRFLOW_CONN_LAKE", "SUNLEDGER_TASK_LOGS_URL")


def drawn(secrets: Secrets) -> dict[str, str]:
    """Return the passwords and keys by the names that docker-compose.yaml gives them."""
    return {
        "SUNLEDGER_PUBLIC_URL": PUBLIC_URL,
        "SUNLEDGER_POSTGRES_PASSWORD": secrets.postgres,
        "SUNLEDGER_AIRFLOW_DATABASE_PASSWORD": secrets.airflow_database,
        "SUNLEDGER_LOADER_PASSWORD": secrets.loader,
        "SUNLEDGER_TRANSFORMER_PASSWORD": secrets.transformer,
        "SUNLEDGER_API_PASSWORD": secrets.api,
        "SUNLEDGER_READER_PASSWORD": secrets.reader,
        "SUNLEDGER_REDIS_PASSWORD": randomness.token_urlsafe(24),
        "SUNLEDGER_ADMIN_PASSWORD": secrets.airflow_admin,
        "SUNLEDGER_VAULT_KEYS": json.dumps(secrets.vault_keys),
        "SUNLEDGER_SIGNING_KEY": secrets.signing,
        "AIRFLOW__CORE__FERNET_KEY": secrets.airflow_fernet,
        "AIRFLOW__API__SECRET_KEY": secrets.airflow_session,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.airflow_jwt,
    }


def demo() -> dict[str, str]:
    """Return where the profile `demo` has its lake and its vendors, and the secrets of the demo accounts."""
    vendors = {
        f"{vendor.upper()}_{name}": value.format(url=f"http://{SIMULATORS}:{port}")
        for port, (vendor, settings) in enumerate(SETTINGS.items(), start=FIRST_SIMULATOR_PORT)
        for name, value in settings.items()
    }
    lake = {
        "LAKE_URL": f"{DEMO_BUCKET}/lake",
        "SUNLEDGER_TASK_LOGS_URL": f"{DEMO_BUCKET}/logs",
        "AIRFLOW_CONN_LAKE": json.dumps(DEMO_LAKE),
    }
    return lake | vendors | demo_secrets()
