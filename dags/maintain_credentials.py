"""Look after vendor accounts: renew idle tokens, ask about owners' consents, tell people what needs them.

A token that nobody uses would end by itself. A credential that breaks is noted on itself and never stops the others.
People get at most one message a day about a credential, at least a week before its access ends.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task

from include.orchestration.notifications import send
from include.orchestration.policies import TASK_DEFAULTS
from include.pipeline import credential_upkeep


@dag(
    schedule=CronDataIntervalTimetable("35 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    default_args=TASK_DEFAULTS,
    tags=["layer:raw"],
    doc_md=__doc__,
)
def maintain_credentials() -> None:
    """Define the Dag."""

    @task
    def keep_alive() -> dict:
        return credential_upkeep.keep_alive()

    @task
    def poll_consents() -> dict:
        return credential_upkeep.poll_consents()

    @task(trigger_rule="all_done")
    def tell_people() -> int:
        return credential_upkeep.tell(send)

    [keep_alive(), poll_consents()] >> tell_people()


maintain_credentials()
