"""Extract inverter readings, one Dag per vendor: vendor API -> lake -> raw -> judged.

Each run fetches every due site from its high-water mark to the end of the data interval and lands the answers as
they came. Clearing a task is always safe: known content is recognised by its hash. A broken site or credential
does not stop the others; the last task fails the run and names it. Up to fifty sites have a task each, more share
fifty. With the parameter `site_id` a run reads that site alone, `lookback_hours` from its newest closed interval.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, Param, dag, task
from airflow.sdk.types import DagRunProtocol

from include.orchestration.assets import RAW_READINGS
from include.orchestration.policies import TASK_DEFAULTS, VENDOR_RETRIES
from include.pipeline import feeds, process, turns
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
        params={
            "site_id": Param(None, type=["null", "integer"], title="Only this site", minimum=1),
            "lookback_hours": Param(None, type=["null", "integer"], title="So far back", minimum=1, maximum=168),
        },
    )
    def extract_inverter() -> None:
        @task
        def list_sites(params: dict | None = None) -> list[list[dict]]:
            return turns.in_groups(turns.chosen_sites(source, params["site_id"], params["lookback_hours"]))

        @task(
            pool=f"api_{source}",
            retry_policy=VENDOR_RETRIES,
            map_index_template="{{ task.op_kwargs['sites'] | map(attribute='name') | join(', ') | truncate(80) }}",
        )
        def land(sites: list[dict], dag_run: DagRunProtocol | None = None) -> list[int]:
            return turns.land_group(sites, dag_run.start_date)

        @task(trigger_rule="all_done", outlets=[RAW_READINGS[source]])
        def stage_and_judge() -> list[int]:
            return process.process_able(feeds=[feeds.feed_of(source)])

        @task(map_index_template="load {{ task.op_kwargs['load_id'] }}")
        def try_again(load_id: int) -> None:
            process.process(load_id)

        @task(trigger_rule="all_done", retry_policy=VENDOR_RETRIES)
        def verify_sites(groups: list[list[dict]]) -> None:
            turns.raise_for_failures(source, [site for group in groups for site in group])

        groups = list_sites()
        broken = stage_and_judge()
        land.expand(sites=groups) >> broken >> verify_sites(groups)
        try_again.expand(load_id=broken)

    extract_inverter()


for vendor in REGISTRY:
    build(vendor)
