"""Starts Airflow's API server; its login reads the administrator's password from a file, which is written here."""

import json
import os
import sys
from pathlib import Path

from include.core import settings
from include.local.airflow import ADMIN
from include.local.secrets import write_private

# inside the container; docker-compose.yaml decides who reaches it
EVERYWHERE = "0.0.0.0"  # noqa: S104
PORT = "8080"


def serve() -> None:
    """Write the login, then become the API server."""
    passwords = Path(settings.required("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"))
    write_private(passwords, json.dumps({ADMIN: settings.required("SUNLEDGER_ADMIN_PASSWORD")}))
    # who looks into the process no longer finds it there
    del os.environ["SUNLEDGER_ADMIN_PASSWORD"]
    address = ["--host", EVERYWHERE, "--port", PORT, "--workers", "1"]
    server = [sys.executable, "-m", "include.local.api_server", *address]
    os.execv(sys.executable, server)  # noqa: S606  no shell is wanted
