"""What the catalog says of tenants: whatever table, view or function a later migration adds is covered here too."""

import pytest

from tests.security.conftest import SERVICE_ROLES, TENANT_ROLES, TENANT_SCHEMAS

OWN_ROWS = "(organization_id = core.current_organization_id())"
# calendar months belong to everybody; nobody but a service may write them
SHARED = {"core.billing_period": f"((organization_id IS NULL) OR {OWN_ROWS})"}

# Functions that act as the owner. Each was read for: what it touches, whom it trusts, what it gives away.
DEFINER_FUNCTIONS = {
    "canonical.create_partition(text,timestamp with time zone,timestamp with time zone)",
    "canonical.ensure_partitions(timestamp with time zone,timestamp with time zone)",
    "canonical.months_before(timestamp with time zone)",
    "canonical.restore_month(date)",
    "canonical.retire_month(date)",
    "canonical.supersede_default_event()",
    "core.count_reference_change()",
    "core.ensure_billing_periods(date,date)",
    "ops.append_audit_entry(bigint,text,text,text,text,jsonb,text,text)",
    "ops.chain_audit_entries()",
    "ops.count_request(text)",
    "ops.find_api_key(text)",
    "core.analyze_grown(regclass)",
    "raw.analyze_partition(text,date)",
    "raw.drop_partition(text,date)",
    "raw.ensure_partition(text,date)",
    "raw.needed_by(text,date)",
    "raw.partitions_before(date)",
}
# what a tenant's connection may ask of them
DEFINER_FUNCTIONS_FOR_TENANTS = {"ops.count_request(text)", "ops.find_api_key(text)"}

# Unique keys without organization, and why no tenant can ask them for another tenant's names: operators name
# organizations; the value is ours and nobody chooses it; or it stands below an id whose own reference names the
# organization.
UNIQUE_WITHOUT_ORGANIZATION = {
    "core.organization_name_key",
    "canonical.late_reading_pkey",
    "ops.announced_upload_lake_key_key",
    "ops.announced_upload_pkey",
    "ops.api_key_prefix_key",
    "ops.idempotent_request_pkey",
    "ops.inbox_object_pkey",
    "ops.oauth_state_pkey",
    "ops.validation_result_pkey",
    "quarantine.rejected_row_pkey",
    "core.contract_line_contract_id_line_number_key",
    "core.meter_serial_number_key",
    "core.reference_price_project_id_observation_type_period_start_on_key",
    "core.reference_price_year_key",
}

POLICIES = """
select policyname as name, roles::text[] as roles, cmd, permissive, qual, with_check
from pg_policies where format('%%I.%%I', schemaname, tablename) = %s order by 1
"""


def test_row_level_security_is_on_and_forced_for_every_tenant_table_and_partition(tables):
    lacking = [table["name"] for table in tables if not (table["is_secured"] and table["is_forced"])]
    assert lacking == []


def test_tenants_see_and_write_their_own_rows_only_and_services_have_their_own_policy(tables, warehouse):
    for table in tables:
        policies = {row["name"]: row for row in warehouse.execute(POLICIES, [table["name"]]).fetchall()}
        if table["is_partition"] and not policies:
            continue  # nobody may read it but through its parent
        assert policies.keys() == {"tenant", "service"}, table["name"]
        tenant, service = policies["tenant"], policies["service"]
        assert sorted(tenant["roles"]) == sorted(TENANT_ROLES), table["name"]
        assert sorted(service["roles"]) == sorted(("sunledger_owner", *SERVICE_ROLES)), table["name"]
        assert (tenant["qual"], tenant["with_check"]) == (SHARED.get(table["name"], OWN_ROWS), OWN_ROWS), table["name"]
        assert tenant["cmd"] == service["cmd"] == "ALL"


def test_a_partition_is_reached_through_its_parent_only(tables, warehouse):
    granted = warehouse.execute(
        """
        select c.oid::regclass::text as partition, grant_.grantee::regrole::text as role, grant_.privilege_type as right
        from pg_class as c, aclexplode(c.relacl) as grant_
        where c.relispartition and c.relnamespace::regnamespace::text = any(%s) and grant_.grantee <> c.relowner
        """,
        [list(TENANT_SCHEMAS)],
    ).fetchall()
    watch = {("canonical.meter_reading_default", role, "SELECT") for role in SERVICE_ROLES}
    assert {(row["partition"], row["role"], row["right"]) for row in granted} == watch


def test_services_own_no_table_and_the_owner_cannot_log_in(tables, warehouse):
    assert {table["owner"] for table in tables} == {"sunledger_owner"}
    owned = warehouse.execute(
        """
        select pg_get_userbyid(relowner) as role, relkind::text as kind, relnamespace::regnamespace::text as place
        from pg_class where pg_get_userbyid(relowner) = any(%s) and relkind not in ('i', 't') group by 1, 2, 3
        """,
        [[*TENANT_ROLES, *SERVICE_ROLES]],
    ).fetchall()
    # dbt's views, and the tables between two steps of a build, in schemas that no tenant may enter
    allowed = {("v", "staging"), ("v", "intermediate"), ("v", "marts"), ("r", "intermediate")}
    assert {(row["role"], row["kind"], row["place"]) for row in owned} <= {
        ("sunledger_transformer", kind, place) for kind, place in allowed
    }
    owner = warehouse.execute("select * from pg_roles where rolname = 'sunledger_owner'").fetchone()
    assert not (owner["rolcanlogin"] or owner["rolsuper"] or owner["rolbypassrls"])


def test_a_service_is_neither_superuser_nor_above_the_policies_nor_member_of_another_role(warehouse):
    rows = warehouse.execute(
        """
        select r.rolname as role, r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb as is_mighty,
            array(select m.roleid::regrole::text from pg_auth_members as m where m.member = r.oid) as member_of
        from pg_roles as r where r.rolname = any(%s)
        """,
        [[*TENANT_ROLES, *SERVICE_ROLES]],
    ).fetchall()
    assert len(rows) == 4
    assert [row for row in rows if row["is_mighty"] or row["member_of"]] == []


def test_views_that_tenants_read_apply_the_readers_own_policies(published, warehouse):
    views = warehouse.execute(
        """
        select c.oid::regclass::text as name, c.relkind::text as kind,
            'security_invoker=true' = any(coalesce(c.reloptions, '{}')) as is_invoker,
            has_schema_privilege('sunledger_api', c.relnamespace, 'usage')
                and has_table_privilege('sunledger_api', c.oid, 'select')
            or has_schema_privilege('sunledger_reader', c.relnamespace, 'usage')
                and has_table_privilege('sunledger_reader', c.oid, 'select') as is_for_tenants
        from pg_class as c
        where c.relkind in ('v', 'm') and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
        """
    ).fetchall()
    assert {"marts.fct_energy_daily", "marts.dim_meters"} <= {view["name"] for view in views if view["is_for_tenants"]}
    assert [view["name"] for view in views if view["is_for_tenants"] and not view["is_invoker"]] == []
    assert [view["name"] for view in views if view["kind"] == "m" and view["is_for_tenants"]] == []


def test_functions_that_act_as_the_owner_are_reviewed_and_pinned_and_not_for_everybody(warehouse):
    functions = warehouse.execute(
        """
        select p.oid::regprocedure::text as name, pg_get_userbyid(p.proowner) as owner, p.proconfig as settings,
            has_function_privilege('sunledger_api', p.oid, 'execute')
            or has_function_privilege('sunledger_reader', p.oid, 'execute') as is_for_tenants,
            has_function_privilege('public', p.oid, 'execute') as is_for_everybody
        from pg_proc as p
        where p.prosecdef and p.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
        """
    ).fetchall()
    assert {function["name"] for function in functions} == DEFINER_FUNCTIONS
    for function in functions:
        assert "search_path=pg_catalog, pg_temp" in function["settings"], function["name"]
        assert function["owner"] == "sunledger_owner" and not function["is_for_everybody"], function["name"]
    for_tenants = {function["name"] for function in functions if function["is_for_tenants"]}
    assert for_tenants == DEFINER_FUNCTIONS_FOR_TENANTS


@pytest.mark.parametrize("role", TENANT_ROLES)
def test_a_tenants_connection_writes_nothing_and_reads_no_secret(warehouse, role):
    rights = warehouse.execute(
        """
        select c.oid::regclass::text as name
        from pg_class as c
        where c.relkind in ('r', 'p', 'v', 'm', 'S')
            and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
            and case when c.relkind = 'S' then has_sequence_privilege(%(role)s, c.oid, 'usage, update')
                else has_table_privilege(%(role)s, c.oid, 'insert, update, delete, truncate, trigger, references')
                    or has_any_column_privilege(%(role)s, c.oid, 'insert, update, references') end
        """,
        {"role": role},
    ).fetchall()
    assert rights == []
    for column in ("encrypted_credentials", "encryption_version"):
        assert not warehouse.execute(
            "select has_column_privilege(%s, 'ops.integration_credential', %s, 'select') as may", [role, column]
        ).fetchone()["may"]


@pytest.mark.parametrize("role", TENANT_ROLES)
def test_a_tenants_connection_reads_nothing_that_no_policy_guards(warehouse, role):
    """Tables without a tenant hold what everybody may know: codes, units, which publication is closed."""
    readable = warehouse.execute(
        """
        select c.oid::regclass::text as name
        from pg_class as c
        where c.relkind in ('r', 'p') and not c.relrowsecurity
            and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
            and has_schema_privilege(%(role)s, c.relnamespace, 'usage')
            and has_any_column_privilege(%(role)s, c.oid, 'select')
        """,
        {"role": role},
    ).fetchall()
    assert {row["name"] for row in readable} <= {"core.currency", "core.unit", "ops.publication"}
    columns = warehouse.execute(
        """
        select attname from pg_attribute
        where attrelid = 'ops.publication'::regclass and attnum > 0 and not attisdropped
            and has_column_privilege(%s, attrelid, attnum, 'select')
        """,
        [role],
    ).fetchall()
    assert {row["attname"] for row in columns} <= {"publication_id", "status", "opened_at", "closed_at"}


def test_a_reference_between_tenants_rows_names_the_organization(warehouse):
    """A service writes for many tenants; a reference that also compares the organization cannot cross over."""
    crossing = warehouse.execute(
        """
        select con.conrelid::regclass::text as name, pg_get_constraintdef(con.oid) as definition
        from pg_constraint as con
        inner join pg_attribute as here
            on con.conrelid = here.attrelid and here.attname = 'organization_id' and not here.attisdropped
        inner join pg_attribute as there
            on con.confrelid = there.attrelid and there.attname = 'organization_id' and not there.attisdropped
        where con.contype = 'f' and con.conparentid = 0
            and not (here.attnum = any(con.conkey) and there.attnum = any(con.confkey))
        """
    ).fetchall()
    assert crossing == []


def test_a_tenant_learns_nothing_from_the_names_that_another_has_used(warehouse):
    """A unique key over words of tenants' choice holds the organization, so that a clash is always their own."""
    shared = warehouse.execute(
        """
        select i.indexrelid::regclass::text as name
        from pg_index as i
        inner join pg_class as c on i.indrelid = c.oid
        inner join pg_attribute as a
            on i.indrelid = a.attrelid and a.attname = 'organization_id' and not a.attisdropped
        where i.indisunique and not c.relispartition and c.relnamespace::regnamespace::text = any(%s)
            and not a.attnum = any(i.indkey)
            and not exists (
                select from pg_attribute as own
                where own.attrelid = i.indrelid and own.attnum = any(i.indkey) and own.attidentity <> ''
            )
        """,
        [list(TENANT_SCHEMAS)],
    ).fetchall()
    assert {row["name"] for row in shared} == UNIQUE_WITHOUT_ORGANIZATION
