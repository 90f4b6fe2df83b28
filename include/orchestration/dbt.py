"""How Cosmos shows our dbt project: a task for each model and its tests, while one invocation does the work.

The work is `publish.build`, as for every other publisher. Cosmos' own producer would copy the project, parse it, tell
four events of each node to Airflow, and refuse a second try; its watchers would then build model by model. Our build
may be repeated at any time, because a publication fixes its loads and every model converges; so a retry repeats it.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule
from airflow.sdk.exceptions import AirflowException
from cosmos import (
    DbtTaskGroup,
    ExecutionConfig,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    ProfileConfig,
    ProjectConfig,
    RenderConfig,
)
from cosmos.operators._watcher.state import is_dbt_node_status_success
from cosmos.operators.watcher import DbtProducerWatcherOperator, DbtRunWatcherOperator, DbtTestWatcherOperator

from include.pipeline.dbt import PROJECT_DIR, manifest_path

# What tells how a node ended; `SkippingDetails` and `LogSkipBecauseError` come before the end of one that was skipped.
ENDS = {"NodeFinished", "SkippingDetails", "LogSkipBecauseError"}


class RepeatableBuild(DbtProducerWatcherOperator):
    """The one `dbt build` of a publication; a retry runs it again as a whole."""

    def execute(self, context: Any, **_: Any) -> None:
        """Build, and tell the tasks that watch how each node ended."""
        from google.protobuf.json_format import MessageToJson

        from include.pipeline import dbt, publish

        self._upstream_failure_skipped_ids.clear()
        note_end = self._make_parse_callable()

        def hear(event: Any) -> None:
            if event.info.name in ENDS:
                note_end(MessageToJson(event, preserving_proto_field_name=True), {"context": context})
            elif event.info.level != "debug" and event.info.msg.strip():
                self.log.info("%s", event.info.msg)

        try:
            publish.build(watch=hear)
        finally:
            dbt.let_go()


class _OnlyWatches:
    """A watcher that never builds anything itself: after a retry it reads the result again."""

    def _handle_no_dbt_node_status(self, producer_task_state: str | None, try_number: int, context: Any) -> bool:
        if producer_task_state == "success":
            self.log.info("%s was not part of the build: it is as it was", self.model_unique_id)
            return True
        return super()._handle_no_dbt_node_status(producer_task_state, try_number, context)

    def _fallback_to_non_watcher_run(self, try_number: int, context: Any) -> bool:
        if is_dbt_node_status_success(self._get_node_status(context["ti"], context)):
            return True
        raise AirflowException(f"the build ended without a result for {self.model_unique_id}; clear the build task")


class WatchedModel(_OnlyWatches, DbtRunWatcherOperator):
    """One model of the build."""


class WatchedTests(_OnlyWatches, DbtTestWatcherOperator):
    """The data tests of one model."""


REPLACED = {
    DbtProducerWatcherOperator: RepeatableBuild,
    DbtRunWatcherOperator: WatchedModel,
    DbtTestWatcherOperator: WatchedTests,
}


def build_models(group_id: str) -> tuple[TaskGroup, BaseOperator]:
    """A task group in which every model and its tests are a task, and the one task of it that does the work.

    What follows the build follows that task. Those that show how each model ended start when it is over: a hundred of
    them would take the processors from it, and one after the other they would last longer than it does.
    """
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=PROJECT_DIR, manifest_path=manifest_path(), install_dbt_deps=False
        ),
        profile_config=ProfileConfig(
            profile_name="sunledger", target_name="warehouse", profiles_yml_filepath=PROJECT_DIR / "profiles.yml"
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER, invocation_mode=InvocationMode.DBT_RUNNER
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST, emit_datasets=False, exclude=["resource_type:exposure"]
        ),
        # a watcher's retry only reads a result again: nothing is gained by waiting long
        operator_args={
            "install_deps": False,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": False,
        },
    )
    [build] = (task for task in group.iter_tasks() if isinstance(task, DbtProducerWatcherOperator))
    [over] = build.downstream_list
    over.trigger_rule = TriggerRule.ALL_DONE  # of a build that failed the models show which one it was
    for task in group.iter_tasks():
        task.__class__ = REPLACED.get(type(task), type(task))
        if isinstance(task, _OnlyWatches):
            task.on_failure_callback = []  # the build itself tells people once
            over >> task
            task.trigger_rule = TriggerRule.ONE_SUCCESS  # its edges show what it reads; its result is there already
    return group, build
