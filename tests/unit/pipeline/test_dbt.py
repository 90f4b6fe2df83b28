"""What we take off dbt's hands."""

import gc
import inspect
from types import SimpleNamespace

import psycopg2
import pytest
from dbt.adapters.contracts.connection import Connection
from dbt.events import logging

from include.pipeline.dbt_thrift import KeptSessions, be_thrifty, collecting_rarely


class _Session:
    """Stands for a session of psycopg2; remembers what was asked of it."""

    def __init__(self) -> None:
        self.done = []
        self.is_lost = False
        self.autocommit = False

    def rollback(self) -> None:
        self.done.append("rollback")

    def close(self) -> None:
        self.done.append("close")

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        pass

    def execute(self, statement: str) -> None:
        if self.is_lost:
            raise psycopg2.OperationalError("the server closed the connection")
        assert self.autocommit, "`discard all` cannot run in a transaction"
        self.done.append(statement)


@pytest.fixture
def sessions(monkeypatch):
    """A manager whose sessions are made here, in the order in which it opened them."""
    import multiprocessing

    made = []

    def connect(**_):
        made.append(_Session())
        return made[-1]

    monkeypatch.setattr(psycopg2, "connect", connect)
    credentials = SimpleNamespace(
        database="d", user="u", host="h", password="p", port=1, connect_timeout=1, keepalives_idle=0, retries=0,
        search_path=None, sslmode=None, sslcert=None, sslkey=None, sslrootcert=None, application_name=None, role=None,
        autocommit=False,
    )  # fmt: skip
    manager = KeptSessions(SimpleNamespace(credentials=credentials), multiprocessing.get_context("spawn"))
    return SimpleNamespace(manager=manager, made=made)


def _use(manager: KeptSessions, name: str) -> Connection:
    connection = manager.set_connection_name(name)
    assert connection.handle is not None  # opened by who first asks for it
    return connection


def test_a_node_gets_the_session_of_the_one_before_it_as_if_it_were_new(sessions):
    _use(sessions.manager, "model.one").transaction_open = True
    sessions.manager.release()
    second = _use(sessions.manager, "model.two")
    assert len(sessions.made) == 1
    assert sessions.made[0].done == ["rollback", "discard all"]
    assert second.handle is sessions.made[0]
    assert second.transaction_open is False
    assert sessions.made[0].autocommit is False


def test_a_session_that_was_lost_is_given_to_nobody(sessions):
    _use(sessions.manager, "model.one")
    sessions.made[0].is_lost = True
    sessions.manager.release()
    second = _use(sessions.manager, "model.two")
    assert second.handle is sessions.made[1]
    assert sessions.made[0].done[-1] == "close"


def test_no_session_outlives_the_command(sessions):
    _use(sessions.manager, "model.one")
    sessions.manager.release()
    sessions.manager.cleanup_all()
    assert sessions.made[0].done[-1] == "close"
    _use(sessions.manager, "model.one")
    sessions.manager.cleanup_all()
    assert sessions.made[1].done[-1] == "close"


def test_a_flag_of_dbt_is_made_without_reading_the_call_stack(monkeypatch):
    from dbt_common.behavior_flags import BehaviorFlagRendered

    def refuse(*_):
        raise AssertionError("the whole stack was read")

    be_thrifty()
    monkeypatch.setattr(inspect, "stack", refuse)
    flag = BehaviorFlagRendered({"name": "f", "default": True, "docs_url": "https://example.com"}, {"f": False})
    assert flag.no_warn is False


def test_secrets_do_not_reach_the_log_of_dbt(monkeypatch):
    monkeypatch.setenv("DBT_ENV_SECRET_TOKEN", "s3cr3t")
    be_thrifty()
    assert logging.env_scrubber("the token is s3cr3t") == "the token is *****"


def test_a_template_sees_the_macros_that_dbt_shows_it():
    from dbt.context.macros import MacroNamespace
    from dbt.context.manifest import ManifestContext

    be_thrifty()
    context = object.__new__(ManifestContext)
    context._ctx, context.generate_builtins = {}, dict
    root, own, internal = {"a": "root", "b": "root"}, {"a": "own"}, {"b": "dbt", "c": "dbt"}
    context.namespace = MacroNamespace(root, own, internal, {"package": {"d": "package"}})
    shown = context.to_dict()
    assert {name: shown[name] for name in context.namespace} == dict(context.namespace)
    assert (shown["a"], shown["b"], shown["c"], shown["package"]["d"]) == ("own", "root", "dbt", "package")


def test_answers_with_the_same_text_columns_are_typed_alike():
    from dbt_common.clients import agate_helper

    be_thrifty()
    assert agate_helper.build_type_tester(["a"], ()) is agate_helper.build_type_tester({"a"}, string_null_values=())
    row = {"a": "007", "b": "", "c": 7, "d": None}
    table = agate_helper.table_from_data_flat([row], list(row))
    assert dict(table.rows[0]) == row


def test_python_collects_as_usual_after_a_command():
    usual = gc.get_threshold()
    with pytest.raises(ValueError), collecting_rarely():
        assert gc.get_threshold()[0] > usual[0]
        raise ValueError
    assert gc.get_threshold() == usual


@pytest.fixture
def built(monkeypatch):
    """What `dbt.build` has dbt do, and the views that it finds before and after: `built.views` is set by the test."""
    from include.pipeline import dbt

    built = SimpleNamespace(choices=[], views="as made", after=iter(()))

    def run(*arguments: str, watch: object = None) -> None:
        built.choices.append(arguments[arguments.index("--select") + 1 :] if "--select" in arguments else "everything")
        built.views = next(built.after, built.views)

    monkeypatch.setattr(dbt, "_views_left", {})
    monkeypatch.setattr(dbt, "_manifest", lambda: None)
    monkeypatch.setattr(dbt, "environment", dict)
    monkeypatch.setattr(dbt, "_views", lambda: built.views)
    monkeypatch.setattr(dbt, "run", run)
    built.build = dbt.build
    built.beside_views = dbt.BESIDE_VIEWS
    return built


def test_views_are_visited_again_only_when_they_are_not_as_they_were_left(built):
    built.build()
    built.build()
    built.views = "one is missing"
    built.build()
    assert built.choices == ["everything", built.beside_views, "everything"]


def test_a_build_of_something_else_knows_nothing_of_the_views(built):
    built.build(exclude="tag:contracts")
    built.build("dim_meters")
    built.build()
    built.build(exclude="tag:contracts")
    assert built.choices == [
        "everything",
        ("dim_meters",),
        "everything",
        (*built.beside_views, "--exclude", "tag:contracts"),
    ]


def test_views_that_a_build_took_along_come_back_with_it(built):
    built.build()
    built.after = iter(["dropped", "as made"])
    built.build()
    built.build()
    assert built.choices == ["everything", built.beside_views, "everything", built.beside_views]
