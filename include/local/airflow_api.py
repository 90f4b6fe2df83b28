"""The few calls of Airflow's public REST API (v2) that the stack makes."""

from datetime import UTC, datetime
from typing import Any

import requests

from include.local.airflow import ADMIN
from include.local.failures import StackFailed

TIMEOUT_S = 30
COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


class AirflowApi:
    """Talks to one API server as its administrator."""

    def __init__(self, base_url: str, password: str) -> None:
        self.base_url = base_url
        self._password = password
        self._session = requests.Session()
        # A proxy of the surroundings cannot reach our loopback.
        self._session.trust_env = False

    def unhealthy(self) -> set[str]:
        """Return the components that do not report themselves healthy yet."""
        try:
            answer = self._session.get(f"{self.base_url}/api/v2/monitor/health", timeout=TIMEOUT_S)
            answer.raise_for_status()
        except requests.RequestException:
            return {"api_server"}
        states = answer.json()
        return {name for name in COMPONENTS if (states.get(name) or {}).get("status") != "healthy"}

    def token(self) -> str:
        """Log in and return a bearer token."""
        login = {"username": ADMIN, "password": self._password}
        answer = self._session.post(f"{self.base_url}/auth/token", json=login, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()["access_token"]

    def has_dag(self, dag_id: str) -> bool:
        """True once the Dag processor has stored the Dag."""
        return self._call("GET", f"dags/{dag_id}", allow_missing=True) is not None

    def import_errors(self) -> list[str]:
        """Return why Dag files cannot be read, one message per file."""
        errors = self._call("GET", "importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        """Switch a Dag on."""
        self._call("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Switch a Dag off."""
        self._call("PATCH", f"dags/{dag_id}", json={"is_paused": True})

    def trigger(self, dag_id: str) -> str:
        """Start a run now and return its id."""
        # Without a logical date the run would have no data interval.
        body = {"logical_date": datetime.now(UTC).isoformat()}
        return self._call("POST", f"dags/{dag_id}/dagRuns", json=body)["dag_run_id"]

    def runs(self, dag_id: str, *, states: tuple[str, ...], since: datetime | None = None) -> list[dict[str, Any]]:
        """Return the latest runs of a Dag in these states, with ``since`` only those started from then on."""
        query: dict[str, Any] = {"order_by": "-run_after", "limit": 100, "state": states}
        if since:
            query["start_date_gte"] = since.isoformat()
        return self._call("GET", f"dags/{dag_id}/dagRuns", params=query)["dag_runs"]

    def failed_tasks(self, dag_id: str, run_id: str) -> list[str]:
        """Return the ids of the tasks that failed in a run."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        tasks = self._call("GET", path, params={"state": "failed"})["task_instances"]
        return [task["task_id"] for task in tasks]

    def ensure_pool(self, name: str, slots: int) -> None:
        """Create a pool unless it exists; its size then belongs to the user."""
        if self._call("GET", f"pools/{name}", allow_missing=True) is None:
            self._call("POST", "pools", json={"name": name, "slots": slots})

    def _call(self, method: str, path: str, *, allow_missing: bool = False, **arguments: Any) -> Any:
        answer = self._request(method, path, arguments)
        if answer.status_code == requests.codes.unauthorized:
            self._session.headers["Authorization"] = f"Bearer {self.token()}"
            answer = self._request(method, path, arguments)
        if allow_missing and answer.status_code == requests.codes.not_found:
            return None
        if not answer.ok:
            raise StackFailed(f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def _request(self, method: str, path: str, arguments: dict[str, Any]) -> requests.Response:
        return self._session.request(method, f"{self.base_url}/api/v2/{path}", timeout=TIMEOUT_S, **arguments)
