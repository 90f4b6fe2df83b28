"""The Dags of the demo run: switch them on, start the first one, notice when one fails."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from include.local.airflow_api import AirflowApi
from include.local.failures import StackFailed

DAGS = ("extract_solaredge", "ingest_files", "transform")
FIRST_EXTRACT = "extract_solaredge"
VENDOR_POOL_SLOTS = 2


def switch_on(api: AirflowApi, check: Callable[[], None]) -> None:
    """Create the vendors' pools and unpause the Dags as soon as Airflow has read them."""
    from include.sources.inverters import REGISTRY

    for vendor in REGISTRY:
        api.ensure_pool(f"api_{vendor}", VENDOR_POOL_SLOTS)
    for dag_id in DAGS:
        while not api.has_dag(dag_id):
            check()
            if errors := api.import_errors():
                raise StackFailed("Airflow cannot read a Dag file:\n" + "\n".join(errors))
            time.sleep(0.5)
        api.unpause(dag_id)


def refuse_failed(api: AirflowApi, since: datetime, logs: Path) -> None:
    """Raise if a run that was started since then has failed, with the log of its failed task."""
    for dag_id in DAGS:
        for run in api.runs(dag_id, since=since):
            if run["state"] == "failed":
                run_id = run["dag_run_id"]
                tasks = api.failed_tasks(dag_id, run_id)
                reason = f"the Dag {dag_id} failed in {', '.join(tasks) or 'no task'}"
                raise StackFailed(reason, log=_newest_log(logs / f"dag_id={dag_id}" / f"run_id={run_id}", tasks))


def _newest_log(run: Path, tasks: list[str]) -> Path:
    logs = [path for task in tasks for path in (run / f"task_id={task}").rglob("*.log")]
    return max(logs, key=lambda path: path.stat().st_mtime, default=run)
