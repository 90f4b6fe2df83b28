"""Members of an organization: from the registration file and the command line, and who sees them."""

import json
from functools import partial
from pathlib import Path

import psycopg
import pytest

from include.core.errors import ConfigurationError
from include.pipeline import registration
from include.warehouse import members
from include.warehouse.database import connect, set_tenant
from tests import warm

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sunledger(organizations, tmp_path):
    """Call `sunledger`; returns the finished process."""
    return partial(warm.sunledger, cwd=tmp_path)


def test_a_file_registers_members_and_changes_their_roles(organizations):
    first, _ = organizations
    registration.apply({"organization": "First", "members": [{"user": "vic", "role": "member"}, {"user": "new"}]})
    with connect() as connection:
        roles = {row["user_name"]: row["role"] for row in members.listed(connection, first)}
    assert roles == {"ann": "member", "vic": "member", "olga": "owner", "new": "member"}


@pytest.mark.parametrize("member", [{"role": "member"}, {"user": "a", "role": "king"}, {"user": "a", "roles": "x"}, {}])
def test_a_member_without_name_or_with_an_unknown_role_is_refused(organizations, member):
    with pytest.raises(ConfigurationError):
        registration.apply({"organization": "First", "members": [member]})


def test_the_demo_makes_its_admin_a_member(warehouse):
    import yaml

    document = yaml.safe_load((ROOT / "demo" / "register.yaml").read_text(encoding="utf-8"))
    found = registration.apply({name: document[name] for name in ("organization", "members")})
    with connect() as connection:
        [row] = members.of_user(connection, "admin")
    assert row["organization_id"] == found["organization_id"] and members.may(row["role"], "admin")


def test_the_command_line_adds_lists_and_removes(sunledger, warehouse):
    assert sunledger("members", "add", "First", "zed", "--role", "admin").returncode == 0
    listed = json.loads(sunledger("members", "list", "--organization", "First", "--json").stdout)
    assert {row["user_name"]: row["role"] for row in listed}["zed"] == "admin"
    assert "bob" not in {row["user_name"] for row in listed}
    assert sunledger("members", "remove", "First", "zed").returncode == 0
    assert "bob" in sunledger("members", "list").stdout and "zed" not in sunledger("members", "list").stdout
    for arguments in (("remove", "First", "zed"), ("add", "Nowhere", "zed"), ("add", "First", "zed", "--role", "king")):
        done = sunledger("members", *arguments)
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1, done.stderr
    entries = warehouse.execute("select action, subject from ops.audit_entry order by occurred_at, seq").fetchall()
    assert [tuple(entry.values()) for entry in entries] == [("add_member", "user zed"), ("remove_member", "user zed")]


def test_each_role_may_do_what_those_before_it_may():
    assert [members.may(role, "member") for role in members.ROLES] == [False, True, True, True]


def test_a_tenants_connection_sees_its_own_members_and_no_requests(organizations):
    first, _ = organizations
    with connect("api") as connection:
        assert members.listed(connection) == []
        set_tenant(connection, first)
        assert {row["organization_id"] for row in members.listed(connection)} == {first}
    for statement in ("select * from ops.oauth_state", "delete from core.membership", "select * from core.membership"):
        role = "reader" if statement.startswith("select * from core") else "api"
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connect(role) as connection:
            set_tenant(connection, first)
            connection.execute(statement)


def test_row_level_security_is_forced_on_both_tables(warehouse):
    rows = warehouse.execute(
        "select oid::regclass::text as name, relrowsecurity and relforcerowsecurity as is_forced from pg_class "
        "where oid in ('core.membership'::regclass, 'ops.oauth_state'::regclass)"
    ).fetchall()
    assert {row["name"]: row["is_forced"] for row in rows} == {"core.membership": True, "ops.oauth_state": True}
