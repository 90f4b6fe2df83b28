"""Enforce retention: partitions ahead, staged rows and copies that have served, months of readings to the archive.

A month leaves the database only when every result that rests on it is there with intact evidence, and when its object
in the archive was read back and equals the database row for row. What cannot go yet waits for the next day.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from include.orchestration.policies import TASK_DEFAULTS
from include.pipeline import retention


@dag(
    schedule=CronDataIntervalTimetable("40 1 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=True,  # its first run would take readings older than it keeps; the operator switches it on
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    default_args=TASK_DEFAULTS,
    tags=["layer:archive"],
    doc_md=__doc__,
)
def enforce_retention() -> None:
    """Define the Dag."""

    @task
    def make_partitions() -> int:
        return retention.make_partitions()

    @task
    def drop_raw() -> list[str]:
        return retention.drop_raw()

    @task
    def expire_copies() -> dict[str, int]:
        return retention.expire_copies()

    @task(execution_timeout=timedelta(hours=6))
    def retire_months() -> dict[str, str]:
        return retention.retire_months()

    [make_partitions(), drop_raw(), expire_copies(), retire_months()]


enforce_retention()
