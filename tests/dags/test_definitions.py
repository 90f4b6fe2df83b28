"""Every Dag imports, and keeps the promises that an operator relies on."""

from datetime import timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDORS = ("enphase", "goodwe", "sma", "solaredge")
DAGS = (
    *(f"extract_{vendor}" for vendor in VENDORS),
    "anchor_audit",
    "enforce_retention",
    "ingest_files",
    "maintain_credentials",
    "preserve_evidence",
    "transform",
)


@pytest.fixture(scope="module")
def dags(template, cluster, template_folder):
    """All Dags of the folder, parsed as the Dag processor does."""
    from airflow.dag_processing.dagbag import DagBag

    from tests.conftest import _point_to

    patch = pytest.MonkeyPatch()
    _point_to(patch, cluster, template_folder)
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    yield bag
    patch.undo()


def test_all_dag_files_import(dags):
    assert dags.import_errors == {}
    assert set(dags.dags) == set(DAGS)


@pytest.mark.parametrize("dag_id", DAGS)
def test_a_dag_is_described_bounded_and_runs_once_at_a_time(dags, dag_id):
    dag = dags.dags[dag_id]
    assert dag.doc_md and dag.tags and dag.max_active_runs == 1 and not dag.catchup
    assert dag.dagrun_timeout is not None


@pytest.mark.parametrize("dag_id", DAGS)
def test_every_task_of_ours_is_retried_with_growing_delay_and_bounded_in_time(dags, dag_id):
    for task in dags.dags[dag_id].tasks:
        if task.task_id.startswith("dbt_build."):
            continue  # consumers of the one dbt invocation
        assert task.retries >= 2, task.task_id
        assert task.retry_exponential_backoff and task.retry_delay >= timedelta(seconds=30), task.task_id
        assert task.execution_timeout is not None, task.task_id


def test_every_model_is_a_task_around_one_invocation(dags):
    tasks = {task.task_id for task in dags.dags["transform"].tasks}
    for model in ("meter_reading", "meter_reading_revision", "meter_aggregate", "stg_files__readings"):
        assert any(model in task for task in tasks), model
    assert "dbt_build.dbt_producer_watcher" in tasks


def test_what_was_built_is_final_while_the_models_still_show_how_they_ended(dags):
    tasks = dags.dags["transform"].task_dict
    assert tasks["close_publication"].upstream_task_ids == {"open_publication", "dbt_build.dbt_producer_watcher"}
    over = tasks["dbt_build.dbt_producer_watcher_done"]
    assert over.upstream_task_ids == {"dbt_build.dbt_producer_watcher"} and over.trigger_rule == "all_done"
    shown = {name for name, task in tasks.items() if type(task).__name__ in {"WatchedModel", "WatchedTests"}}
    assert len(shown) > 50 and over.downstream_task_ids == shown
    # their edges show what they read; none waits for more than the end of the build
    assert {tasks[name].trigger_rule for name in shown} == {"one_success"}
    assert "dbt_build.int_readings__accepted.test" in tasks["dbt_build.meter_reading.run"].upstream_task_ids


def test_a_model_that_the_build_left_alone_is_as_it_was(dags):
    watcher = dags.dags["transform"].task_dict["dbt_build.dim_meters.run"]
    assert watcher._handle_no_dbt_node_status("success", 1, {})
    assert not watcher._handle_no_dbt_node_status("running", 1, {})


def test_assets_start_the_transform_and_the_inbox_starts_ingestion(dags):
    watched = {asset.name for asset in dags.dags["transform"].timetable.asset_condition.objects}
    assert watched == {"raw.file_reading", *(f"raw.{vendor}_reading" for vendor in VENDORS)}
    [inbox] = dags.dags["ingest_files"].timetable.asset_condition.objects
    assert [watcher.name for watcher in inbox.watchers] == ["inbox_watcher"]


def test_errors_that_a_retry_cannot_mend_fail_at_once():
    from datetime import UTC, datetime

    from airflow.sdk import RetryAction

    from include.core import errors
    from include.orchestration.policies import VENDOR_RETRIES

    def decide(error):
        return VENDOR_RETRIES.evaluate(error, 1, 3)

    assert decide(errors.AuthFailed("no")).action is RetryAction.FAIL
    assert decide(errors.QuotaExhausted("no")).action is RetryAction.FAIL
    assert decide(errors.VendorUnavailable("later")).action is RetryAction.DEFAULT
    waits = decide(errors.RateLimited("wait", retry_at=datetime.now(UTC) + timedelta(seconds=90)))
    assert waits.action is RetryAction.RETRY and timedelta(seconds=80) < waits.retry_delay <= timedelta(seconds=90)
    # of a group of sites each has its own reason: one that a retry may mend is enough to try again, the last to wait
    gone, soon, late = errors.SiteGone("no"), errors.VendorUnavailable("later"), errors.RateLimited("wait")
    late.retry_at = datetime.now(UTC) + timedelta(seconds=90)
    assert decide(errors.SitesFailed("all", [gone, errors.AuthFailed("no")])).action is RetryAction.FAIL
    assert decide(errors.SitesFailed("some", [gone, soon])).action is RetryAction.DEFAULT
    assert decide(errors.SitesFailed("some", [gone, late, soon])).retry_delay > timedelta(seconds=80)
    assert decide(errors.SitesFailed("told by the last task")).action is RetryAction.FAIL


@pytest.mark.parametrize("kind", ["model", "tests"])
def test_a_watcher_that_is_tried_again_reads_the_result_and_never_builds(dags, kind):
    """Tried against the keys that Cosmos' producer writes, with the producer already done."""
    from airflow.sdk.exceptions import AirflowException

    name = {"model": "dbt_build.dim_meters.run", "tests": "dbt_build.meter_reading.test"}[kind]
    watcher = dags.dags["transform"].task_dict[name]

    class TaskInstance:
        written = "success"

        def xcom_pull(self, *_, **asked):
            return (
                self.written if asked["key"].endswith("_tests_status") else {"status": self.written, "outlet_uris": []}
            )

    context = {"ti": TaskInstance()}
    TaskInstance.written = "pass" if kind == "tests" else "success"
    assert watcher._fallback_to_non_watcher_run(2, context)
    TaskInstance.written = "fail" if kind == "tests" else "error"
    with pytest.raises(AirflowException, match="without a result"):
        watcher._fallback_to_non_watcher_run(2, context)
