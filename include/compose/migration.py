"""The one-shot before everything else: databases, roles with passwords, newest schemas, pools and views.

It alone is given the login of the server's administrator. Running it again changes nothing.
"""

import subprocess
import sys

from include.core import settings
from include.local import databases
from include.local.dags import VENDOR_POOL_SLOTS
from include.local.environment import DATABASE, with_database
from include.warehouse.migrate import SERVICES
from include.warehouse.migrate import migrate as migrate_warehouse


def migrate() -> None:
    """Bring both databases to the newest schema and prepare what the Dags expect."""
    admin_url = settings.required("WAREHOUSE_URL")
    airflow_password = settings.required("SUNLEDGER_AIRFLOW_DATABASE_PASSWORD")
    for service in SERVICES:
        settings.required(f"SUNLEDGER_{service.upper()}_PASSWORD")
    databases.prepare(admin_url, airflow_password)
    _say(f"the warehouse is at revision {migrate_warehouse(with_database(admin_url, DATABASE))}")
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
    _say(f"pools made: {', '.join(_make_pools()) or 'none, all exist'}")
    from include.pipeline import dbt

    dbt.prepare()
    _say("the views that judging reads are there")


def _make_pools() -> list[str]:
    """Create the vendors' pools that do not exist; the size of one that does belongs to the operator."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    from include.sources.inverters import REGISTRY

    made = []
    with create_session() as session:
        for name in [f"api_{vendor}" for vendor in REGISTRY]:
            if Pool.get_pool(name, session=session) is None:
                session.add(Pool(pool=name, slots=VENDOR_POOL_SLOTS, description="", include_deferred=False))
                made.append(name)
    return made


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
