"""One connection for several transactions: each ends by itself, and a connection that is gone is replaced."""

import psycopg
import pytest

from include.core.errors import UnsafeRole

BACKEND = "select pg_backend_pid() as pid"


def backend() -> int:
    """The server's process that runs a transaction now."""
    from include.warehouse.database import connect

    with connect() as connection:
        return connection.execute(BACKEND).fetchone()["pid"]


def test_transactions_of_a_session_share_a_connection_and_end_alone(warehouse):
    from include.warehouse.database import connect, one_session

    with one_session():
        first = backend()
        with connect() as outer, connect() as inner:
            pids = [connection.execute(BACKEND).fetchone()["pid"] for connection in (outer, inner)]
        assert pids[0] == first != pids[1], "a transaction within another is not a part of it"
        with one_session():
            assert backend() in pids, "a session within another is the same"
        with pytest.raises(psycopg.errors.UndefinedTable), connect() as failed:
            failed.execute("insert into core.organization (name) values ('Nobody Energy')")
            failed.execute("select * from nowhere")
        assert backend() not in pids, "what failed is not used again"
        with connect() as connection:
            for number in range(10):
                connection.execute("select %s::integer", [number])
            prepared = connection.execute("select count(*) as n from pg_prepared_statements").fetchone()["n"]
        assert prepared == 0, "a plan would be for any load, not for the one that is asked for"
    assert outer.closed and inner.closed and failed.closed
    assert warehouse.execute("select count(*) as n from core.organization").fetchone()["n"] == 0


def test_a_session_survives_a_connection_that_the_server_dropped(warehouse):
    from include.warehouse.database import one_session

    with one_session():
        dropped = backend()
        warehouse.execute("select pg_terminate_backend(%s, 10000)", [dropped])
        assert backend() != dropped


def test_a_role_that_may_too_much_is_refused_in_a_session(warehouse, monkeypatch, cluster):
    from include.warehouse.database import one_session

    name = warehouse.execute("select current_database() as name").fetchone()["name"]
    monkeypatch.setenv("WAREHOUSE_LOADER_URL", cluster.url(name))
    with pytest.raises(UnsafeRole), one_session():
        backend()
