"""Extract inverter readings, one Dag per vendor: vendor API -> lake -> raw -> judged.

Each run fetches every due site from its high-water mark to the end of the data interval and lands the answers as
they came. Clearing a task is always safe: known content is recognised by its hash. A broken site or credential
does not stop the others; the last task fails the run and names it.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from include.orchestration.assets import RAW_READINGS
from include.orchestration.policies import TASK_DEFAULTS, VENDOR_RETRIES
from include.pipeline import extract, feeds, process
from include.sources.inverters import REGISTRY


def build(source: str) -> None:
    """Define the Dag of one vendor."""

    @dag(
        dag_id=f"extract_{source}",
        schedule=CronDataIntervalTimetable("5 * * * *", timezone="UTC"),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=2),
        default_args=TASK_DEFAULTS,
        tags=["layer:raw", f"source:{source}"],
        doc_md=__doc__,
    )
    def extract_inverter() -> None:
        @task
        def list_sites() -> list[dict]:
            return extract.due_sites(source)

        @task(
            pool=f"api_{source}",
            retry_policy=VENDOR_RETRIES,
            map_index_template="{{ task.op_kwargs['site']['name'] }}",
        )
        def land(site: dict) -> list[int]:
            return extract.land_site(site["integration_site_id"])

        @task(trigger_rule="all_done", outlets=[RAW_READINGS[source]])
        def stage_and_judge() -> dict:
            return process.process_all(feed=feeds.feed_of(source))

        @task(trigger_rule="all_done")
        def verify_sites(sites: list[dict]) -> None:
            extract.raise_for_failures(sites)

        sites = list_sites()
        land.expand(site=sites) >> stage_and_judge() >> verify_sites(sites)

    extract_inverter()


for vendor in REGISTRY:
    build(vendor)
