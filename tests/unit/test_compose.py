"""The deployment as files: what docker-compose.yaml, Dockerfile and the pins promise, read without an engine."""

import gc
import importlib
import json
import re
import socket
import stat
import sys

import pytest
import yaml

from include.compose import env_file, health
from include.core import settings
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_ROOT
from include.local import dotenv

TEXT = (PROJECT_ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
# end by themselves, so nothing asks whether they are well
ONE_SHOTS = {"migrate", "bucket", "demo"}
# publishes no tag per release line, and is part of the demo only
UNPINNED = {"moto"}
SECRET = re.compile(r"PASSWORD|SECRET|KEY|CONN|VAULT|AUTH$|BROKER_URL|RESULT_BACKEND|WAREHOUSE_\w+_URL")
NO_SECRET = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", "AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID"}
PLACEHOLDER = re.compile(r"\$\{(\w+)(:?[-?][^}]*)?\}")


def given(service: str) -> dict[str, str | None]:
    return SERVICES[service].get("environment", {})


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_watched_started_again_and_pinned(name):
    service = SERVICES[name]
    assert service["restart"] == ("on-failure:5" if name in ONE_SHOTS else "unless-stopped")
    assert ("healthcheck" in service) == (name not in ONE_SHOTS)
    if service["image"] == "${SUNLEDGER_IMAGE:-sunledger:latest}":
        assert service["cap_drop"] == ["ALL"]
        if name not in ONE_SHOTS:
            assert service["healthcheck"]["test"] == ["CMD", "python", "-m", "include.compose.health", name]
            assert name in health.CHECKS
    elif name not in UNPINNED:
        assert re.fullmatch(r"[a-z]+:\d+-trixie", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_of_a_service_has_a_default(name):
    for variable, value in given(name).items():
        if SECRET.search(variable) and variable not in NO_SECRET and value is not None:
            found = PLACEHOLDER.findall(value)
            assert found and all(rest.startswith(":?") for _, rest in found), f"{name}: {variable}"
    for variable, rest in PLACEHOLDER.findall(TEXT):
        assert rest.startswith(":?") or not SECRET.search(variable), variable


def test_a_service_is_given_no_more_than_it_needs():
    holders = {
        secret: {name for name in SERVICES if secret in yaml.safe_dump(SERVICES[name])}
        for secret in (
            "SUNLEDGER_POSTGRES_PASSWORD",
            "SUNLEDGER_AIRFLOW_DATABASE_PASSWORD",
            "SUNLEDGER_TRANSFORMER_PASSWORD",
            "SUNLEDGER_VAULT_KEYS",
        )
    }
    assert holders == {
        "SUNLEDGER_POSTGRES_PASSWORD": {"postgres", "migrate"},
        "SUNLEDGER_AIRFLOW_DATABASE_PASSWORD": {"migrate", "api-server", "scheduler", "dag-processor", "triggerer"},
        "SUNLEDGER_TRANSFORMER_PASSWORD": {"migrate", "worker"},
        "SUNLEDGER_VAULT_KEYS": {"api-server", "worker", "demo"},
    }


def test_no_service_shares_a_folder_with_another():
    mounts = {name: {mount.split(":")[0] for mount in service.get("volumes", [])} for name, service in SERVICES.items()}
    assert {name: sources for name, sources in mounts.items() if sources} == {
        "postgres": {"postgres"},
        "redis": {"redis"},
        "moto": {"moto"},
    }


def test_every_setting_reaches_the_worker_and_stands_in_the_example():
    documented = set(dotenv.read(PROJECT_ROOT / ".env.example"))
    assert {name for name, _ in PLACEHOLDER.findall(TEXT)} - documented == set()
    vendors = {name for name in documented if re.match(r"(SOLAREDGE|ENPHASE|SMA|GOODWE)_", name)}
    assert len(vendors) > 30
    assert vendors - set(given("worker")) == set() == vendors - set(given("api-server"))


@pytest.mark.parametrize("is_demo", [True, False])
def test_the_drawn_secrets_are_all_that_is_required(tmp_path, is_demo):
    path = tmp_path / ".env"
    env_file.write(path, is_demo=is_demo)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    drawn = dotenv.read(path)
    required = {name for name, rest in PLACEHOLDER.findall(TEXT) if rest.startswith(":?")}
    # without the demo, the operator is asked for what nobody else knows
    assert {name for name in required if not drawn.get(name)} == (set() if is_demo else set(env_file.OWN))
    for name, value in drawn.items():
        assert "$" not in value and "'" not in value, "Compose would read it otherwise"
        if name.endswith("_PASSWORD"):
            assert re.fullmatch(r"[\w-]{20,}", value), "it has to fit into a URL"
    assert json.loads(drawn["SUNLEDGER_VAULT_KEYS"])
    with pytest.raises(ConfigurationError, match="the file exists"):
        env_file.write(path, is_demo=is_demo)
    assert dotenv.read(path) == drawn


def test_the_demo_points_to_simulators_that_listen_there():
    started = SERVICES["simulators"]["command"]
    ports = {option.removeprefix("--"): started[at + 1] for at, option in enumerate(started) if option.startswith("--")}
    drawn = env_file.demo()
    for vendor in ("solaredge", "enphase", "sma", "goodwe"):
        assert drawn[f"{vendor.upper()}_BASE_URL"].startswith(f"http://simulators:{ports[vendor]}")
    assert str(given("simulators")["SUNLEDGER_SIMULATOR_PORTS"]).split() == [ports[name] for name in list(ports)[1:]]


def test_the_image_is_small_unprivileged_and_of_the_same_pins():
    dockerfile = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"python:3.13-slim-trixie"}
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)[-1] == "sunledger"
    ignored = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored and not {name for name in allowed if name.startswith(".")}
    assert {"include", "dags", "requirements-image.txt"} <= allowed
    image, ours = (pins(name) for name in ("requirements-image.txt", "requirements.txt"))
    assert {name: image[name] for name in image if ours.get(name, image[name]) != image[name]} == {}
    assert "celery" in image and "pytest" not in image


def pins(name: str) -> dict[str, str]:
    text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.\[\]-]+)==([^\s;]+)", text, re.MULTILINE))


def test_health_is_a_port_that_answers(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("SUNLEDGER_SIMULATOR_PORTS", str(server.getsockname()[1]))
        monkeypatch.setattr("sys.argv", ["health", "simulators"])
        assert health.main() == 0
    assert health.main() == 1
    assert "ConnectionRefusedError" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["health", "oracle"])
    assert health.main() == 1
    assert "api-server, scheduler" in capsys.readouterr().err


def test_a_worker_imports_what_its_tasks_need_and_outlives_a_dag_that_cannot_be_read(tmp_path, monkeypatch, caplog):
    [module] = json.loads(given("worker")["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])["imports"]
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "a_broken.py").write_text("import nothing_of_that_name")
    (tmp_path / "dags" / "b_whole.py").write_text("import only_this_dag_needs_it")
    (tmp_path / "only_this_dag_needs_it.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(settings, "PROJECT_ROOT", tmp_path)
    monkeypatch.delitem(sys.modules, module, raising=False)
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append("only_this_dag_needs_it" in sys.modules))

    importlib.import_module(module)

    assert {"only_this_dag_needs_it", "dbt.cli.main", "great_expectations"} <= sys.modules.keys()
    [complaint] = caplog.records
    assert complaint.getMessage() == "a_broken.py is not preloaded"
    assert "nothing_of_that_name" in caplog.text
    assert frozen == [True]
