from datetime import UTC, datetime
from pathlib import Path

import pytest
import responses

from include.local import dags
from include.local.airflow_api import AirflowApi
from include.local.failures import StackFailed

URL = "http://127.0.0.1:8080"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def server():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{URL}/auth/token", json={"access_token": "t"}, status=201)
        yield mock


@pytest.fixture
def api():
    return AirflowApi(URL, "secret")


def answer_runs(server, **runs) -> None:
    for dag_id in dags.all_ids():
        server.get(f"{URL}/api/v2/dags/{dag_id}/dagRuns", json={"dag_runs": runs.get(dag_id, [])})


def test_the_token_is_fetched_when_the_server_asks_for_it(server, api):
    server.get(f"{URL}/api/v2/dags/transform", status=401)
    server.get(f"{URL}/api/v2/dags/transform", json={"dag_id": "transform"})
    assert api.has_dag("transform")
    assert server.calls[-1].request.headers["Authorization"] == "Bearer t"


def test_an_unreachable_server_is_unhealthy_and_a_silent_component_too(server, api):
    assert api.unhealthy() == {"api_server"}
    states = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "dag_processor")}
    server.get(f"{URL}/api/v2/monitor/health", json={**states, "triggerer": {"status": None}})
    assert api.unhealthy() == {"triggerer"}


def test_a_triggered_run_has_a_data_interval(server, api):
    server.post(f"{URL}/api/v2/dags/extract_solaredge/dagRuns", json={"dag_run_id": "manual"})
    assert api.trigger("extract_solaredge") == "manual"
    assert b"null" not in server.calls[-1].request.body


def test_a_failed_run_is_reported_with_its_task_and_log(server, api, tmp_path, monkeypatch):
    monkeypatch.setattr(dags, "LOOK_EVERY_S", 0)
    answer_runs(server, ingest_files=[{"dag_run_id": "r1", "state": "failed"}])
    path = f"{URL}/api/v2/dags/ingest_files/dagRuns/r1/taskInstances"
    server.get(path, json={"task_instances": [{"task_id": "land"}]})
    log = tmp_path / "dag_id=ingest_files" / "run_id=r1" / "task_id=land" / "attempt=1.log"
    log.parent.mkdir(parents=True)
    log.touch()
    with pytest.raises(StackFailed, match="ingest_files failed in land") as failure:
        dags.Watch(api, SINCE, tmp_path).check()
    assert failure.value.log == log


def test_sites_that_cannot_be_read_do_not_end_a_stack_that_is_to_stay_up(server, api, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(dags, "LOOK_EVERY_S", 0)
    answer_runs(server, extract_sma=[{"dag_run_id": "r1", "state": "failed"}])
    path = f"{URL}/api/v2/dags/extract_sma/dagRuns/r1/taskInstances"
    server.get(path, json={"task_instances": [{"task_id": "verify_sites"}]})
    server.get(f"{URL}/api/v2/importErrors", json={"import_errors": []})
    watch = dags.Watch(api, SINCE, tmp_path, stays_up=True)
    watch.check()
    watch.check()
    assert "".join(capsys.readouterr()).count("extract_sma failed in verify_sites: not every site could be read") == 1
    with pytest.raises(StackFailed, match="extract_sma failed in verify_sites"):
        dags.Watch(api, SINCE, tmp_path).check()


def test_a_dag_file_may_be_unreadable_for_a_moment_but_not_for_long(server, api, tmp_path, monkeypatch):
    monkeypatch.setattr(dags, "LOOK_EVERY_S", 0)
    answer_runs(server)
    errors = [{"filename": "transform.py", "stack_trace": "manifest is not JSON\n"}]
    server.get(f"{URL}/api/v2/importErrors", json={"import_errors": errors})
    watch = dags.Watch(api, SINCE, tmp_path)
    watch.check()
    monkeypatch.setattr(dags, "UNREADABLE_FOR_S", 0)
    with pytest.raises(StackFailed, match=r"transform\.py: manifest is not JSON"):
        watch.check()


def test_the_dags_are_idle_when_no_run_waits_or_works(server, api):
    answer_runs(server)
    assert dags.are_idle(api)
    assert "state=queued&state=running" in server.calls[0].request.url


def test_before_the_first_publication_everything_is_brought_in(server, api):
    for dag_id in dags.all_ids():
        server.get(f"{URL}/api/v2/dags/{dag_id}", json={"dag_id": dag_id})
        server.patch(f"{URL}/api/v2/dags/{dag_id}", json={})
    for vendor in (dag_id.removeprefix("extract_") for dag_id in dags.extracts()):
        server.get(f"{URL}/api/v2/pools/api_{vendor}", json={})
    answer_runs(server)
    dags.switch_on(api, check=lambda: None, left=(dags.PUBLISHING,))
    switched = {call.request.url.rsplit("/", 1)[-1] for call in server.calls if call.request.method == "PATCH"}
    assert switched == set(dags.all_ids()) - {"transform"}
    assert not [call for call in server.calls if call.request.method == "POST" and "dagRuns" in call.request.url]
    assert not dags.have_brought_in(api)  # nobody was asked yet

    server.post(f"{URL}/api/v2/dags/transform/dagRuns", json={"dag_run_id": "first"})
    dags.publish_first(api)
    assert server.calls[-2].request.body == b'{"is_paused": false}' and "transform" in server.calls[-2].request.url


def test_what_was_asked_and_is_judged_has_been_brought_in(server, api):
    for dag_id in dags.extracts():
        for states in ("state=queued&state=running", "state=success&state=failed"):
            ended = [{"dag_run_id": "r1"}] if "failed" in states else []
            server.get(
                f"{URL}/api/v2/dags/{dag_id}/dagRuns?order_by=-run_after&limit=100&{states}", json={"dag_runs": ended}
            )
    server.get(f"{URL}/api/v2/dags/ingest_files/dagRuns", json={"dag_runs": []})
    assert dags.have_brought_in(api)


def test_every_dag_is_switched_on_but_those_that_are_left_off():
    folder = Path(dags.__file__).resolve().parents[2] / "dags"
    ours = {path.stem for path in folder.glob("*.py")} - {"extract_inverters"}
    assert ours | set(dags.extracts()) == set(dags.all_ids()) | set(dags.LEFT_OFF)
