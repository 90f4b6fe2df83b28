"""Which environment each part of the stack gets.

The administrator's URL and the passwords of the service roles go to the migration alone; a service
gets the URLs of roles that own nothing. ``.local/env`` keeps what a second terminal needs.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from include.local import dotenv
from include.local import settings as stack_settings
from include.local.portals import Portals, demo_secrets
from include.local.ports import LOOPBACK
from include.local.secrets import Secrets
from include.local.settings import Settings

SERVICES = ("loader", "transformer", "api", "reader")
DATABASE = "sunledger"
MARKER = "SUNLEDGER_STACK"
FOR_ADMINISTRATION_ONLY = {"WAREHOUSE_URL", *(f"SUNLEDGER_{name.upper()}_PASSWORD" for name in SERVICES)}


def load(settings: Settings | None = None) -> None:
    """Make ``.env`` and the exports of the running stack visible to this process.

    What the environment already says stays. Without a running stack only ``.env`` counts. A child of
    the stack has been given all it may know.
    """
    if MARKER in os.environ:
        return
    settings = settings or stack_settings.read()
    known = {**dotenv.read(settings.exports), **settings.dotenv}
    for name, value in known.items():
        if value and not os.environ.get(name):
            os.environ[name] = value


def with_login(url: str, user: str, password: str, database: str) -> str:
    """Return the URL of the same server for another login and database; options like sslmode stay."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return parts._replace(scheme="postgresql", netloc=f"{login}@{host}", path=f"/{database}").geturl()


def with_database(url: str, database: str) -> str:
    """Return the URL of another database for the same login."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def exports(settings: Settings, secrets: Secrets, admin_url: str, portals: Portals) -> dict[str, str]:
    """Return what every service and the command line need; nothing in it can administer the server."""
    passwords = {name: getattr(secrets, name) for name in SERVICES}
    urls = {
        f"WAREHOUSE_{name.upper()}_URL": with_login(admin_url, f"sunledger_{name}", password, DATABASE)
        for name, password in passwords.items()
    }
    server = urlsplit(admin_url)
    return {
        **urls,
        "LAKE_URL": settings.lake_url,
        "INBOX_DIR": str(settings.inbox),
        **portals.environment(),
        "SUNLEDGER_VAULT_KEYS": json.dumps(secrets.vault_keys),
        "SUNLEDGER_SIGNING_KEY": secrets.signing,
        "DBT_PROJECT_DIR": str(settings.root / "dbt_project"),
        "DBT_PROFILES_DIR": str(settings.root / "dbt_project"),
        "DBT_TARGET_PATH": str(settings.dbt_target),
        "DBT_LOG_PATH": str(settings.logs / "dbt"),
        "WAREHOUSE_HOST": server.hostname or LOOPBACK,
        "WAREHOUSE_PORT": str(server.port or 5432),
        "WAREHOUSE_DATABASE": DATABASE,
        "WAREHOUSE_TRANSFORMER_PASSWORD": secrets.transformer,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "False",
    }


def for_service(settings: Settings, exported: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a child: ours, the user's ``.env``, the exports, the marker."""
    inherited = {**os.environ, **{name: value for name, value in settings.dotenv.items() if name not in os.environ}}
    environment = {name: value for name, value in inherited.items() if name not in FOR_ADMINISTRATION_ONLY}
    # A proxy of the surroundings cannot reach our loopback.
    direct = ",".join(filter(None, [environment.get("NO_PROXY") or environment.get("no_proxy"), "127.0.0.1,localhost"]))
    return {
        **environment,
        **exported,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]),
        "PYTHONPATH": str(settings.root),
        "PYTHONUNBUFFERED": "1",
        MARKER: str(settings.local),
        # Process titles would otherwise be written over the memory that holds the marker.
        "SPT_NOENV": "1",
    }


def for_migration(service: Mapping[str, str], secrets: Secrets, admin_url: str) -> dict[str, str]:
    """Return the environment of the migration, the only child that may administer the warehouse."""
    passwords = {f"SUNLEDGER_{name.upper()}_PASSWORD": getattr(secrets, name) for name in SERVICES}
    return {**service, **passwords, "WAREHOUSE_URL": with_database(admin_url, DATABASE)}


def for_demo(service: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that registers the demo accounts: the only child that sees their secrets."""
    return {**demo_secrets(), **service}
