"""Preserve evidence: a signed pack for every new or revised default event, and a full look at each pack every week.

Starts whenever a publication became final, and once a day. An event whose pack cannot be stored yet, because the lake
or the time-stamping authority is away or newer data are still to be published, stays `archive_pending` and is tried
again by the next run. A pack that is not what was signed, or that waits longer than a day, fails the run, which tells
people.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from include.orchestration.assets import EVIDENCE, READINGS
from include.orchestration.policies import TASK_DEFAULTS, VENDOR_RETRIES
from include.pipeline import preserve


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("15 4 * * *", timezone="UTC"), assets=[READINGS]),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=TASK_DEFAULTS,
    tags=["layer:canonical"],
    doc_md=__doc__,
)
def preserve_evidence() -> None:
    """Define the Dag."""

    @task(outlets=[EVIDENCE])
    def build_packs() -> dict:
        return preserve.preserve_all()

    # a retry would find the broken pack checked already and say nothing, so a failed check fails at once
    @task(execution_timeout=timedelta(hours=4), retry_policy=VENDOR_RETRIES)
    def verify_packs() -> None:
        preserve.raise_for_failures(preserve.verify_all(preserve.WEEK))

    @task(trigger_rule="all_done", retry_policy=VENDOR_RETRIES)
    def tell_of_stuck() -> None:
        preserve.raise_for_stuck()

    build_packs() >> [verify_packs(), tell_of_stuck()]


preserve_evidence()
