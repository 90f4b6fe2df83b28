"""``python -m include.compose.health PART``: whether this container's own part works; exit code 0 or 1.

Airflow's own check starts all of Airflow, seconds of a processor each time. This looks at the same signs: the
heartbeat that a part writes into the metadata database, the answer of a worker through the broker, a port.
"""

import json
import os
import socket
import sys
import urllib.request
from collections.abc import Callable
from functools import partial

from include.core.errors import ConfigurationError
from include.core.settings import required

TIMEOUT_S = 10
OLDEST_HEARTBEAT_S = 60
_IS_ALIVE = """
select exists (
    select from job
    where job_type = %s and hostname = %s and state = 'running'
        and latest_heartbeat > now() - make_interval(secs => %s)
)
"""


def beats(job_type: str) -> bool:
    """Whether this host's job wrote its heartbeat lately."""
    import psycopg

    url = required("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN").replace("postgresql+psycopg2://", "postgresql://", 1)
    with psycopg.connect(url, connect_timeout=TIMEOUT_S) as connection:
        return connection.execute(_IS_ALIVE, [job_type, socket.gethostname(), OLDEST_HEARTBEAT_S]).fetchone()[0]


def answers() -> bool:
    """Whether the worker of this host answers a ping through the broker."""
    from celery import Celery

    app = Celery(broker=required("AIRFLOW__CELERY__BROKER_URL"))
    return bool(app.control.ping(destination=[f"celery@{socket.gethostname()}"], timeout=TIMEOUT_S))


def serves() -> bool:
    """Whether the API server answers and reaches its database."""
    address = "http://127.0.0.1:8080/api/v2/monitor/health"
    with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
        return json.load(answer)["metadatabase"]["status"] == "healthy"


def listens() -> bool:
    """Whether every simulated vendor takes connections."""
    for port in os.environ["SUNLEDGER_SIMULATOR_PORTS"].split():
        socket.create_connection(("127.0.0.1", int(port)), timeout=TIMEOUT_S).close()
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "api-server": serves,
    "scheduler": partial(beats, "SchedulerJob"),
    "dag-processor": partial(beats, "DagProcessorJob"),
    "triggerer": partial(beats, "TriggererJob"),
    "worker": answers,
    "simulators": listens,
}


def main() -> int:
    """Check the part and say what is wrong with it."""
    try:
        [part] = sys.argv[1:]
        if part not in CHECKS:
            raise ConfigurationError(f"there is no part {part!r}", remedy=f"one of {', '.join(CHECKS)}")
        is_well = CHECKS[part]()
    except Exception as failure:  # noqa: BLE001  whatever it is, the part is not well
        sys.stderr.write(f"{type(failure).__name__}: {failure}\n")
        return 1
    if not is_well:
        sys.stderr.write("no sign of life\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
