"""Messages to people: to the log, and to wherever the Airflow connection `notifications` points.

The connection is of Airflow's type Apprise. Its one address decides what happens: `mailto://` an e-mail, `slack://` a
channel, `json://` a webhook, and many more. Messages hold no secrets: of an error of ours its words, which are written
for people, of any other error only its kind.
"""

import logging
from typing import TYPE_CHECKING, Any

from include.core.errors import NotDelivered, SunledgerError

if TYPE_CHECKING:
    from apprise import Apprise

log = logging.getLogger(__name__)

CONNECTION = "notifications"


def send(title: str, text: str) -> None:
    """Log a message and deliver it where the connection points; raises NotDelivered when that fails."""
    log.warning("%s\n%s", title, text)
    receivers = _receivers()
    if receivers is None:
        return
    from apprise import NotifyType

    if not receivers.notify(title=title, body=text, notify_type=NotifyType.WARNING):
        raise NotDelivered(
            "the message did not reach anybody", remedy=f"Check the address in the Airflow connection {CONNECTION!r}."
        )


def task_failed(context: Any) -> None:
    """Tell people that a task has failed for good; meant as `on_failure_callback`."""
    task = context["ti"]
    lines = [
        f"run {task.run_id}, try {task.try_number}",
        _words(context.get("exception")),
        getattr(task, "log_url", "") or "",
    ]
    send(f"Sunledger: {task.dag_id}.{task.task_id} failed", "\n".join(line for line in lines if line))


def _words(error: Any) -> str:
    if isinstance(error, SunledgerError):
        return str(error)
    return f"{type(error).__name__}; the task's log tells more" if isinstance(error, BaseException) else ""


def _receivers() -> "Apprise | None":
    """Where messages go; None where no connection is set."""
    from airflow.providers.apprise.hooks.apprise import AppriseHook
    from airflow.sdk.exceptions import AirflowNotFoundException
    from apprise import Apprise

    hook = AppriseHook(CONNECTION)
    try:
        connection = hook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        return None
    receivers = Apprise()
    hook.set_config_from_conn(connection, receivers)
    return receivers
