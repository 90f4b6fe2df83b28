"""Starting a Dag from inside the API server, which holds Airflow's database itself and needs no login for it."""

from typing import Any

from include.core.errors import ConfigurationError, IllegalState


def start(dag_id: str, run_id: str, conf: dict[str, Any], user: str) -> None:
    """Queue a run with these parameters; one of that id that exists already is left as it is."""
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.exceptions import DagNotFound, DagRunAlreadyExists
    from airflow.models.dag import DagModel
    from airflow.utils.types import DagRunTriggeredByType

    known = DagModel.get_current(dag_id)
    if known is None or known.is_stale:
        raise ConfigurationError(f"Airflow does not know the Dag {dag_id}", remedy="wait until it has read the Dags")
    if known.is_paused:
        raise IllegalState(f"the Dag {dag_id} is switched off", remedy="ask the operator to switch it on")
    try:
        trigger_dag(
            dag_id,
            run_id=run_id,
            conf=conf,
            triggered_by=DagRunTriggeredByType.REST_API,
            triggering_user_name=user,
        )
    except DagRunAlreadyExists:
        return
    except DagNotFound as error:
        raise ConfigurationError(f"the Dag {dag_id} is gone", remedy="wait until Airflow has read the Dags") from error
