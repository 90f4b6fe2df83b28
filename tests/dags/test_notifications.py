"""Messages to people: a real webhook gets them without secrets, and without a connection they stand in the log."""

import json
import logging
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from include.core.errors import NotDelivered, ReauthRequired
from include.orchestration import notifications
from tests.dags.conftest import airflow
from tests.pipeline.accounts import audited, organization, stored

CANARY = "canary-99e1"


@contextmanager
def webhook(status: int = 200):
    """A receiver on the loopback address; yields its address for Apprise and what it got."""
    got: list[dict] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/hook?token={CANARY}", got
    finally:
        server.shutdown()
        server.server_close()


def connect_to(monkeypatch, address: str) -> None:
    """Set the one connection as an operator does."""
    connection = {"conn_type": "apprise", "extra": {"config": {"path": address}}}
    monkeypatch.setenv("AIRFLOW_CONN_NOTIFICATIONS", json.dumps(connection))


class Failed:
    dag_id, task_id, run_id, try_number, log_url = "extract_solaredge", "land", "scheduled__1", 4, "http://log"


def test_without_a_connection_a_message_stands_in_the_log(airflow_env, monkeypatch, caplog):
    monkeypatch.delenv("AIRFLOW_CONN_NOTIFICATIONS", raising=False)
    with caplog.at_level(logging.WARNING):
        notifications.send("a title", "a text")
    assert "a title" in caplog.text and "a text" in caplog.text


def test_a_webhook_gets_the_message(monkeypatch):
    with webhook() as (address, got):
        connect_to(monkeypatch, address)
        notifications.send("Sunledger: a title", "first line\nsecond line")
    assert [(one["title"], one["message"], one["type"]) for one in got] == [
        ("Sunledger: a title", "first line\nsecond line", "warning")
    ]


def test_a_message_that_nobody_takes_is_an_error_that_does_not_show_the_address(monkeypatch, caplog):
    with webhook(status=500) as (address, _):
        connect_to(monkeypatch, address)
        with caplog.at_level(logging.DEBUG), pytest.raises(NotDelivered) as caught:
            notifications.send("a title", "a text")
    assert CANARY not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ReauthRequired("the vendor takes no token"), "E414_REAUTH_REQUIRED: the vendor takes no token"),
        (RuntimeError(f"postgresql://user:{CANARY}@host"), "RuntimeError; the task's log tells more"),
        (None, ""),
    ],
)
def test_a_failed_task_is_told_in_words_for_people_without_secrets(monkeypatch, error, words):
    with webhook() as (address, got):
        connect_to(monkeypatch, address)
        notifications.task_failed({"ti": Failed(), "exception": error})
    [message] = got
    assert message["title"] == "Sunledger: extract_solaredge.land failed"
    assert words in message["message"] and "try 4" in message["message"] and "http://log" in message["message"]
    assert CANARY not in json.dumps(message)


def test_the_maintenance_dag_tells_about_an_account_once(warehouse, run_dags, monkeypatch):
    stored({"api_key": CANARY}, organization(), label="roof")
    warehouse.execute("update ops.integration_credential set state = 'refused'")
    with webhook() as (address, got):
        connect_to(monkeypatch, address)
        run_dags("maintain_credentials", "maintain_credentials")
    [message] = got
    assert "Sun: solaredge account 'roof' (credential 1): refused" in message["message"]
    assert CANARY not in json.dumps(message) and len(audited(warehouse, "credential_warning")) == 1


BROKEN_DAG = """
from airflow.sdk import dag, task
from include.core.errors import ReauthRequired
from include.orchestration.policies import TASK_DEFAULTS

@dag(schedule=None, default_args={**TASK_DEFAULTS, "retries": 0})
def broken():
    @task
    def land():
        raise ReauthRequired("the vendor takes no token")
    land()

broken()
"""


def test_a_task_that_fails_for_good_tells_people_by_itself(airflow_env, monkeypatch, tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN_DAG)
    with webhook() as (address, got):
        connect_to(monkeypatch, address)
        with pytest.raises(AssertionError):
            airflow({**airflow_env, "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path)}, ["dags", "test", "broken"])
    [message] = got
    assert message["title"] == "Sunledger: broken.land failed"
    assert "E414_REAUTH_REQUIRED: the vendor takes no token" in message["message"]
