"""The Dags of the demo run: switch them on, start the first one, notice when one fails."""

import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from include.local.airflow_api import AirflowApi
from include.local.failures import StackFailed
from include.local.progress import say

FILES, PUBLISHING = "ingest_files", "transform"
OTHERS = ("anchor_audit", FILES, "maintain_credentials", "preserve_evidence", PUBLISHING)
# its first run would take the demo's readings, most of them older than what it keeps, from the database to the archive
LEFT_OFF = ("enforce_retention",)
UNREAD_SITES = ["verify_sites"]
VENDOR_POOL_SLOTS = 2
LOOK_EVERY_S = 5.0
ACTIVE, ENDED = ("queued", "running"), ("success", "failed")
# A file that is just being replaced is unreadable for one parsing interval at most.
UNREADABLE_FOR_S = 90.0


def extracts() -> tuple[str, ...]:
    """The Dags that ask vendors, one each."""
    from include.sources.inverters import REGISTRY

    return tuple(f"extract_{vendor}" for vendor in REGISTRY)


def all_ids() -> tuple[str, ...]:
    """Every Dag of ours that the demo needs."""
    return extracts() + OTHERS


def switch_on(api: AirflowApi, check: Callable[[], None], left: Collection[str] = ()) -> None:
    """Create the vendors' pools and unpause the Dags, but those `left`, as soon as Airflow has read them.

    Then every portal is asked: a vendor's Dag that never ran starts by itself, for the interval that ended last.
    """
    from include.sources.inverters import REGISTRY

    for vendor in REGISTRY:
        api.ensure_pool(f"api_{vendor}", VENDOR_POOL_SLOTS)
    for dag_id in all_ids():
        while not api.has_dag(dag_id):
            check()
            if errors := api.import_errors():
                raise StackFailed("Airflow cannot read a Dag file:\n" + "\n".join(errors))
            time.sleep(0.5)
        is_known = dag_id in extracts() and bool(api.runs(dag_id, states=(*ACTIVE, *ENDED)))
        if dag_id not in left:
            api.unpause(dag_id)
        if is_known:
            api.trigger(dag_id)


def have_brought_in(api: AirflowApi) -> bool:
    """True if every vendor was asked and nothing of theirs, or of the inbox, is on its way to a verdict."""
    is_idle = not any(api.runs(dag_id, states=ACTIVE) for dag_id in (*extracts(), FILES))
    return is_idle and all(api.runs(dag_id, states=ENDED) for dag_id in extracts())


def publish_first(api: AirflowApi) -> None:
    """Publish for the first time: contracts are then judged by all that there is, not by what came first."""
    api.unpause(PUBLISHING)
    api.trigger(PUBLISHING)


class Watch:
    """Raises when the Dags cannot finish their work: a failed run, or a Dag file that stays unreadable.

    Sites that a vendor does not let us read are told; where the stack is to stay up, they do not stop the others.
    """

    def __init__(self, api: AirflowApi, since: datetime, logs: Path, *, stays_up: bool = False) -> None:
        self.api, self.since, self.logs, self.stays_up = api, since, logs, stays_up
        self._told: set[str] = set()
        self._looked_at = self._readable_at = time.monotonic()

    def check(self) -> None:
        """Look again, unless the last look was just now."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        self._refuse_failed_runs()
        errors = self.api.import_errors()
        if not errors:
            self._readable_at = now
        elif now - self._readable_at > UNREADABLE_FOR_S:
            raise StackFailed("Airflow cannot read a Dag file:\n" + "\n".join(errors))

    def _refuse_failed_runs(self) -> None:
        for dag_id in all_ids():
            for run in self.api.runs(dag_id, states=("failed",), since=self.since):
                run_id = run["dag_run_id"]
                tasks = self.api.failed_tasks(dag_id, run_id)
                reason = f"the Dag {dag_id} failed in {', '.join(tasks) or 'no task'}"
                log = _newest_log(self.logs / f"dag_id={dag_id}" / f"run_id={run_id}", tasks)
                if tasks != UNREAD_SITES or not self.stays_up:
                    raise StackFailed(reason, log=log)
                if str(log) not in self._told:
                    self._told.add(str(log))
                    say(f"{reason}: not every site could be read; the log: {log}")


def are_idle(api: AirflowApi) -> bool:
    """True if no run of ours waits or works."""
    return not any(api.runs(dag_id, states=ACTIVE) for dag_id in all_ids())


def _newest_log(run: Path, tasks: list[str]) -> Path:
    logs = [path for task in tasks for path in (run / f"task_id={task}").rglob("*.log")]
    return max(logs, key=lambda path: path.stat().st_mtime, default=run)
