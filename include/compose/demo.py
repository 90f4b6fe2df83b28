"""The demo organization on the deployment: what `make run` does by itself, over HTTP and the lake."""

import time
from collections.abc import Callable
from datetime import date

import yaml

from include.cli.demo import DEMO, apply_demo
from include.core import settings
from include.lake import keys
from include.lake.store import Lake
from include.local.airflow_api import AirflowApi
from include.local.dags import PUBLISHING, all_ids, extracts, have_brought_in, publish_first
from include.local.failures import StackFailed
from include.local.progress import say
from include.pipeline import inbox
from include.warehouse import publications, registry
from include.warehouse.database import connect

# the same on every day, so that a second drop finds the objects of the first
DROPPED_ON = date(2026, 8, 1)
POLL_S = 2.0
PATIENCE_S = 600.0


def bring_in() -> None:
    """Register the demo organization, ask the simulated vendors, drop the demo files; again is no second time."""
    api = AirflowApi(settings.required("SUNLEDGER_API_SERVER_URL"), settings.required("SUNLEDGER_ADMIN_PASSWORD"))
    _wait(lambda: _are_read(api), "Airflow has not read the Dags", "see `docker compose logs dag-processor`")
    with connect() as connection:
        is_first = not publications.is_any_closed(connection)
    if is_first:
        api.pause(PUBLISHING)
    apply_demo()
    for dag_id in extracts():
        api.trigger(dag_id)
    drop()
    if is_first:
        say("waiting for what the vendors and the inbox have")
        _wait(lambda: have_brought_in(api) and not inbox.waiting(0), "the Dags do not end", "look into Airflow")
        publish_first(api)
        say("it is being published now; `sunledger status` tells when it is final")


def drop() -> None:
    """Put the demo files into the lake's inbox, as a client with a bucket would."""
    name = yaml.safe_load((DEMO / "register.yaml").read_text(encoding="utf-8"))["organization"]["name"]
    with connect() as connection:
        organization_id = registry.organization_id(connection, name)
    lake = Lake()
    for path in sorted((DEMO / "inbox").glob("*/*")):
        key = keys.RawKey(path.parent.name, organization_id, DROPPED_ON, path.name)
        lake.put_bytes(str(key), path.read_bytes())


def _are_read(api: AirflowApi) -> bool:
    """Whether Airflow has read every Dag; raises if one cannot be read."""
    if errors := api.import_errors():
        raise StackFailed("Airflow cannot read a Dag file:\n" + "\n".join(errors))
    return all(api.has_dag(dag_id) for dag_id in all_ids())


def _wait(is_there: Callable[[], bool], failure: str, remedy: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_there():
        if time.monotonic() > give_up_at:
            raise StackFailed(failure, remedy=remedy)
        time.sleep(POLL_S)
