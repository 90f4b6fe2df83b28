import json
import os

import pytest

from include.local import airflow, dotenv, environment, secrets, settings
from include.local.portals import Portals

ADMIN_URL = "postgresql://boss:p%40ss@db.example:6432/defaultdb?sslmode=require"


@pytest.fixture
def chosen(tmp_path):
    (tmp_path / ".env").write_text(f"WAREHOUSE_URL={ADMIN_URL}\nAIRFLOW_CONN_LAKE={json.dumps({'conn_type': 'aws'})}\n")
    return settings.read({}, tmp_path)


@pytest.fixture
def generated(chosen):
    return secrets.load(chosen.secrets)


@pytest.fixture
def service(chosen, generated):
    portals = Portals({"SOLAREDGE_BASE_URL": "http://vendor.example"}, 9300, frozenset())
    exported = environment.exports(chosen, generated, ADMIN_URL, portals)
    return environment.for_service(chosen, exported)


def test_a_service_cannot_administer_the_warehouse(service, generated):
    assert "WAREHOUSE_URL" not in service
    assert not [name for name in service if name.startswith("SUNLEDGER_") and name.endswith("_PASSWORD")]
    assert "p%40ss" not in json.dumps(service)
    assert generated.postgres not in json.dumps(service)


def test_each_role_gets_its_own_login_on_the_same_server(service, generated):
    assert service["WAREHOUSE_LOADER_URL"] == (
        f"postgresql://sunledger_loader:{generated.loader}@db.example:6432/sunledger?sslmode=require"
    )
    assert service["WAREHOUSE_READER_URL"].startswith(f"postgresql://sunledger_reader:{generated.reader}@")


def test_only_the_migration_gets_the_administrator(service, generated):
    migration = environment.for_migration(service, generated, ADMIN_URL)
    assert migration["WAREHOUSE_URL"] == "postgresql://boss:p%40ss@db.example:6432/sunledger?sslmode=require"
    assert migration["SUNLEDGER_API_PASSWORD"] == generated.api


def test_the_users_own_variables_reach_the_services(service):
    assert json.loads(service["AIRFLOW_CONN_LAKE"]) == {"conn_type": "aws"}


def test_a_vendor_is_stood_in_for_unless_its_address_is_configured(service):
    assert "SOLAREDGE_BASE_URL" not in service
    assert {name for name in service if name.endswith("_BASE_URL")} >= {
        "ENPHASE_BASE_URL",
        "SMA_BASE_URL",
        "GOODWE_BASE_URL",
    }
    assert len({service[f"{vendor}_BASE_URL"] for vendor in ("ENPHASE", "SMA", "GOODWE")}) == 3


def test_loopback_is_never_asked_through_a_proxy(chosen, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    assert environment.for_service(chosen, {})["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_every_child_carries_the_marker_of_its_checkout(service, chosen):
    assert service[environment.MARKER] == str(chosen.local)


def test_a_second_terminal_finds_the_running_stack(chosen, generated, monkeypatch):
    dotenv.write(chosen.exports, environment.exports(chosen, generated, ADMIN_URL, Portals({}, 9300, frozenset())))
    before = dict(os.environ)
    monkeypatch.setattr(os, "environ", {"SOLAREDGE_BASE_URL": "http://mine.example"})
    environment.load(chosen)
    assert os.environ["WAREHOUSE_LOADER_URL"].startswith("postgresql://sunledger_loader:")
    assert os.environ["SOLAREDGE_BASE_URL"] == "http://mine.example"
    assert environment.MARKER not in os.environ
    assert before == dict(before)


def test_airflow_listens_on_loopback_and_reports_nothing(chosen, generated):
    configured = airflow.environment(chosen, generated, ADMIN_URL, 8099)
    assert configured["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert configured["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8099/execution/"
    assert configured["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("postgresql+psycopg2://sunledger_airflow:")
    assert configured["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert configured["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert configured["AIRFLOW__COSMOS__ENABLE_TELEMETRY"] == "False"
    assert int(configured["AIRFLOW__CORE__PARALLELISM"]) <= 8
    assert generated.airflow_admin not in json.dumps(configured)
