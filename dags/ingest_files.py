"""Ingest what clients drop or push: inbox -> lake -> raw -> judged.

An asset watcher looks into the local drop folder, the lake's inbox prefixes and the ledger, and starts a run when
complete objects wait, or loads that no Dag attends to: pushed, replayed or released ones. Each version of each object
is picked up exactly once, also when a run is cleared or the triggerer was killed; a load that was left unfinished is
finished by the next run. A load that cannot be processed is tried again by itself and keeps no other from publication.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task

from include.orchestration.assets import INBOX, RAW_FILES
from include.orchestration.policies import TASK_DEFAULTS
from include.pipeline import feeds, inbox, process


@dag(
    schedule=[INBOX],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args=TASK_DEFAULTS,
    tags=["layer:raw", "source:files"],
    doc_md=__doc__,
)
def ingest_files() -> None:
    """Define the Dag."""

    @task
    def land() -> list[int]:
        return inbox.pick_up()

    @task(outlets=[RAW_FILES])
    def stage_and_judge(load_ids: list[int]) -> list[int]:
        return process.process_able(load_ids, feeds=feeds.CLIENT_FEEDS)

    @task(map_index_template="load {{ task.op_kwargs['load_id'] }}")
    def try_again(load_id: int) -> None:
        process.process(load_id)

    try_again.expand(load_id=stage_and_judge(land()))


ingest_files()
