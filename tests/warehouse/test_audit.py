"""The audit chain in the database: one line for each organization, whoever appends, and nothing can be changed."""

import multiprocessing
import os

import psycopg
import pytest

from tests.warehouse.conftest import ORGANIZATION, append

WRITERS, EACH = 8, 200


def chain(warehouse, organization_id: int = ORGANIZATION) -> list[dict]:
    return warehouse.execute(
        "select * from ops.audit_entry where organization_id = %s order by seq", [organization_id]
    ).fetchall()


def fault(warehouse, organization_id: int = ORGANIZATION):
    from include.core.audit_chain import Verifier

    return Verifier(organization_id).first_fault(chain(warehouse, organization_id))


def test_the_database_hashes_as_python_does(warehouse):
    vector = """
        select
            ops.audit_entry_hash(1, 1, repeat('0', 64), '2026-06-01 10:01Z', 'sync', repeat('a', 64),
                repeat('b', 64)) as first,
            ops.audit_entry_hash(1, 2, '4c286b948b9af5768db81a47ed9748a4fd9c878744e3ed8093f5bfcf57fdc511',
                '2026-06-01 10:02Z', 'validate', repeat('b', 64), repeat('c', 64)) as second
    """
    warehouse.execute("set timezone = 'Asia/Kathmandu'")
    assert warehouse.execute(vector).fetchone() == {
        "first": "4c286b948b9af5768db81a47ed9748a4fd9c878744e3ed8093f5bfcf57fdc511",
        "second": "a05d20164bb6053d70646bd6e517f8b2c3bab2ead9062ff4b4d592a12acf6d81",
    }
    append(3, reason='it\'s "odd" \\ \ud800 \u0007')
    assert [entry["seq"] for entry in chain(warehouse)] == [1, 2, 3]
    assert fault(warehouse) is None


def test_what_belongs_to_no_organization_has_a_chain_of_its_own(warehouse):
    append(2, organization_id=None)
    append(1)
    assert [(entry["organization_id"], entry["seq"]) for entry in chain(warehouse, 0)] == [(0, 1), (0, 2)]
    assert fault(warehouse, 0) is None and fault(warehouse) is None


def test_an_entry_is_there_with_its_deed_or_not_at_all(warehouse):
    from include.warehouse import audit
    from include.warehouse.database import connect

    with connect() as connection:
        said = {"actor": "ann", "action": "test", "subject": "it", "organization_id": ORGANIZATION}
        with pytest.raises(psycopg.errors.DivisionByZero), connection.transaction():
            audit.record(connection, **said)
            connection.execute("select 1 / 0")
        audit.record(connection, **said, details={"kept": True})
        assert chain(warehouse) == [], "nobody sees it before the transaction ends"
    assert [entry["details"] for entry in chain(warehouse)] == [{"kept": True}]
    with connect() as connection:
        audit.record(connection, **said)
        connection.rollback()
    assert len(chain(warehouse)) == 1


@pytest.mark.parametrize("value", [2**53, -(2**60), 1e16, 1e22, float("nan"), float("inf")])
def test_numbers_that_the_database_would_change_are_refused(warehouse, value):
    with pytest.raises(ValueError):
        append(1, details={"deep": [{"value": value}]})


def test_details_come_back_as_they_were_hashed(warehouse):
    values = [0.1, 1e-7, 5e-324, -0.0, 1.0, 2**53 - 1, True, None, "Ω", [], {}, {"€": 1, "\ufb33": 2, "1": 3}]
    append(1, details={"values": values})
    assert fault(warehouse) is None


def write(number: int, url: str) -> None:
    """One of several writers, each in a process of its own."""
    os.environ["WAREHOUSE_LOADER_URL"] = url
    append(EACH, actor=f"writer {number}")


def test_eight_writers_make_one_line(warehouse):
    url = os.environ["WAREHOUSE_LOADER_URL"]
    writers = [multiprocessing.Process(target=write, args=(number, url)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    entries = chain(warehouse)
    assert [entry["seq"] for entry in entries] == list(range(1, WRITERS * EACH + 1))
    assert fault(warehouse) is None
    assert entries == sorted(entries, key=lambda entry: entry["occurred_at"])


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_stale_snapshot_may_not_append(warehouse, level):
    from include.warehouse import audit
    from include.warehouse.database import connect

    with pytest.raises(psycopg.errors.InvalidTransactionState, match="READ COMMITTED"), connect() as connection:
        connection.commit()
        connection.execute(f"set transaction isolation level {level}")
        audit.record(connection, actor="ann", action="test", subject="it", organization_id=ORGANIZATION)
    assert chain(warehouse) == []


def test_transactions_that_name_organizations_in_any_order_do_not_lock_each_other_out(warehouse):
    """Each holds the lock that the other needs next, if locks were taken as the entries come."""
    from include.warehouse import audit
    from include.warehouse.database import connect

    with connect() as one, connect() as other:
        for organization_id in (1, 2):
            audit.record(one, actor="one", action="test", subject="it", organization_id=organization_id)
            audit.record(other, actor="other", action="test", subject="it", organization_id=3 - organization_id)
    assert [len(chain(warehouse, organization_id)) for organization_id in (1, 2)] == [2, 2]


@pytest.mark.parametrize(
    "statement",
    [
        "update ops.audit_entry set reason = 'other'",
        "delete from ops.audit_entry",
        "truncate ops.audit_entry",
        "set session_replication_role = replica; delete from ops.audit_entry",
    ],
)
def test_not_even_an_administrator_changes_an_entry_by_mistake(warehouse, statement):
    append(2)
    with pytest.raises(psycopg.errors.RestrictViolation, match="stay as they are"):
        warehouse.execute(statement)
    warehouse.execute("set session_replication_role = origin")
    assert len(chain(warehouse)) == 2


def test_a_service_may_read_entries_and_do_nothing_else(warehouse):
    append(1)
    rights = warehouse.execute(
        """
        select r.rolname, p.name from pg_roles as r
        cross join unnest(array['insert', 'update', 'delete', 'truncate']) as p (name)
        cross join unnest(array['ops.audit_entry', 'ops.audit_pending']) as t (name)
        where r.rolname like 'sunledger\\_%' and r.rolname <> 'sunledger_owner'
            and has_table_privilege(r.oid, t.name, p.name)
        """
    ).fetchall()
    assert rights == []


# column -> a change of it that the table's own checks allow
CHANGES = {
    "organization_id": "organization_id + 1",
    "seq": "seq + 1000",
    "previous_hash": "translate(previous_hash, '0123456789abcdef', '123456789abcdef0')",
    "entry_hash": "translate(entry_hash, '0123456789abcdef', '123456789abcdef0')",
    "occurred_at": "occurred_at + interval '1 microsecond'",
    "action": "action || 's'",
    "input_hash": "repeat('f', 64)",
    "output_hash": "repeat('f', 64)",
    "actor": "actor || ' '",
    "subject": "subject || '0'",
    "reason": "reason || '.'",
    "details": "details || '{\"number\": -1}'",
}


def test_every_column_of_every_entry_is_watched(warehouse, administrator):
    append(100)
    columns = warehouse.execute(
        "select attname from pg_attribute where attrelid = 'ops.audit_entry'::regclass and attnum > 0"
    ).fetchall()
    assert {column["attname"] for column in columns} == set(CHANGES)
    with administrator() as changing:
        for seq in range(1, 101):
            # each column of some entries, and all columns of the first, one in the middle and the last
            for column in CHANGES if seq in {1, 50, 100} else [list(CHANGES)[seq % len(CHANGES)]]:
                with changing.transaction(force_rollback=True):
                    changing.execute(f"update ops.audit_entry set {column} = {CHANGES[column]} where seq = %s", [seq])
                    found = fault(changing)
                    if seq == 100 and column in {"organization_id", "seq"}:
                        # the line is shorter now, or ends with a gap: what is gone from its end only an anchor knows
                        found = found or fault(changing, ORGANIZATION + 1)
                        assert found is not None
                    else:
                        assert found.seq == seq and (column in found.field or found.field == "seq"), column
        changing.execute("delete from ops.audit_entry where seq = 40")
        assert (fault(changing).seq, fault(changing).field) == (40, "seq")


def test_a_restored_dump_has_the_same_hashes(warehouse, cluster, tmp_path):
    from include.local import pgbinaries

    append(5, reason="Zoë")
    name = f"{warehouse.info.dbname}_restored"
    dump = tmp_path / "dump.sql"
    dump.write_text(pgbinaries.run("pg_dump", cluster.url(warehouse.info.dbname)), encoding="utf-8")
    pgbinaries.hand_over(dump)
    warehouse.execute(f"create database {name}")
    try:
        pgbinaries.run("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}", cluster.url(name))
        with psycopg.connect(cluster.url(name), row_factory=psycopg.rows.dict_row) as restored:
            assert chain(restored) == chain(warehouse) and fault(restored) is None
            with pytest.raises(psycopg.errors.RestrictViolation):
                restored.execute("delete from ops.audit_entry")
    finally:
        warehouse.execute(f"drop database {name} with (force)")
