"""How Cosmos renders and runs our dbt project: tasks from the kept manifest, work in one invocation."""

from typing import Any

from cosmos import ExecutionConfig, ExecutionMode, InvocationMode, LoadMode, ProfileConfig, ProjectConfig, RenderConfig

from include.pipeline.dbt import PROJECT_DIR, target_dir


def one_invocation() -> dict[str, Any]:
    """Arguments of a `DbtTaskGroup` in watcher mode: one `dbt build`, every model and its tests a task.

    The connection comes from the environment of the worker, never from rendered fields.
    """
    return {
        "project_config": ProjectConfig(
            dbt_project_path=PROJECT_DIR, manifest_path=target_dir() / "manifest.json", install_dbt_deps=False
        ),
        "profile_config": ProfileConfig(
            profile_name="sunledger", target_name="warehouse", profiles_yml_filepath=PROJECT_DIR / "profiles.yml"
        ),
        "execution_config": ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER, invocation_mode=InvocationMode.DBT_RUNNER
        ),
        "render_config": RenderConfig(load_method=LoadMode.DBT_MANIFEST, emit_datasets=False),
        "operator_args": {"install_deps": False, "append_env": True},
    }
