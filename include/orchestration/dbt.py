"""How Cosmos renders and runs our dbt project: tasks from the kept manifest, work in one invocation.

Cosmos' producer refuses a second try and its watchers then build model by model. Our build may be repeated at any
time, because a publication fixes its loads and every model converges; so here a retry repeats the one build.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import TaskGroup
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


class _FirstTry:
    """A task instance that always says it is the first try; everything else is the real one's."""

    try_number = 1

    def __init__(self, task_instance: Any) -> None:
        self._task_instance = task_instance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task_instance, name)


class RepeatableBuild(DbtProducerWatcherOperator):
    """The one `dbt build` of a publication; a retry runs it again as a whole."""

    def execute(self, context: Any, **kwargs: Any) -> Any:
        """Build, whichever try it is."""
        from include.pipeline.dbt_thrift import be_thrifty

        be_thrifty()
        return super().execute({**context, "ti": _FirstTry(context["ti"])}, **kwargs)


class _OnlyWatches:
    """A watcher that never builds anything itself: after a retry it reads the result again."""

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


def build_models(group_id: str) -> TaskGroup:
    """A task group in which one `dbt build` does the work and every model and its tests are a task.

    The connection comes from the environment of the worker, never from rendered fields.
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
        render_config=RenderConfig(load_method=LoadMode.DBT_MANIFEST, emit_datasets=False),
        # a watcher's retry only reads a result again: nothing is gained by waiting long
        operator_args={
            "install_deps": False,
            # unit tests judge the models' code, not data; `make test` runs them
            "dbt_cmd_flags": ["--exclude-resource-type", "unit_test"],
            "append_env": True,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": False,
        },
    )
    for task in group.iter_tasks():
        task.__class__ = REPLACED.get(type(task), type(task))
        if isinstance(task, _OnlyWatches):
            task.on_failure_callback = []  # the build itself tells people once
    return group
