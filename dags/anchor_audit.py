"""Anchor the audit chains: every day the head of each chain is signed into the lake.

The chain shows what was changed in its middle. That its end was cut, or that all of it was written anew, shows only
against a copy of its head that lies where the administrator of the database cannot reach it.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from include.orchestration.policies import TASK_DEFAULTS
from include.pipeline import audit_chain


@dag(
    schedule=CronDataIntervalTimetable("20 0 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args=TASK_DEFAULTS,
    tags=["layer:evidence"],
    doc_md=__doc__,
)
def anchor_audit() -> None:
    """Define the Dag."""

    @task
    def anchor() -> list[str]:
        return audit_chain.anchor()

    anchor()


anchor_audit()
