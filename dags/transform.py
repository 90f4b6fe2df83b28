"""Publish judged loads: staging views -> canonical -> marts, tested, then final.

Starts when any raw asset changed, when terms of a contract did, and every night, so that a period is judged when it
has settled although its plant says nothing. `open` fixes the set of loads, one `dbt build` does the work, and once it
is done `close` makes the publication final, while a task for each model and its tests shows how it ended. A run with
nothing to publish skips the rest; a run that failed leaves the publication open, and the next one resumes it.
"""

from datetime import timedelta
from functools import reduce
from operator import or_

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from include.orchestration.assets import RAW_FILES, RAW_READINGS, READINGS
from include.orchestration.dbt import build_models
from include.orchestration.policies import TASK_DEFAULTS
from include.pipeline import publish


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("20 3 * * *", timezone="UTC"),
        assets=reduce(or_, [RAW_FILES, *RAW_READINGS.values()]),
    ),
    # no start_date: last night's run would judge contracts whose readings have not arrived yet
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=TASK_DEFAULTS,
    tags=["layer:canonical"],
    doc_md=__doc__,
)
def transform() -> None:
    """Define the Dag."""

    @task.short_circuit
    def open_publication() -> dict | None:
        return publish.open_publication(builder="airflow")

    @task(outlets=[READINGS])
    def close_publication(publication: dict) -> dict:
        return publish.close_publication(publication)

    publication = open_publication()
    models, build = build_models("dbt_build")
    publication >> models
    build >> close_publication(publication)


transform()
