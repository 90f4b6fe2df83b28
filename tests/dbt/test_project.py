"""What the dbt project says about itself."""

import pytest
from dbt.cli.main import dbtRunner

from tests.dbt.world import _place


def test_every_model_and_column_is_described(manifest) -> None:
    bare = []
    for node in [*manifest.nodes.values(), *manifest.sources.values()]:
        if node.resource_type not in {"model", "source"}:
            continue
        if not node.description or not node.columns:
            bare.append(node.name)
        bare += [f"{node.name}.{column.name}" for column in node.columns.values() if not column.description]
    assert not bare


def test_every_column_of_a_view_or_table_is_documented(world, manifest) -> None:
    missing = []
    for node in [*manifest.nodes.values(), *manifest.sources.values()]:
        if node.resource_type not in {"model", "source"} or node.name == "meter_reading_default":
            continue
        stored = world.rows(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
            node.schema,
            node.name,
        )
        missing += sorted(
            {f"{node.name}.{row['column_name']}" for row in stored} ^ {f"{node.name}.{c}" for c in node.columns}
        )
    assert not missing


def test_every_instant_knows_its_offset(world, manifest) -> None:
    """Nothing that is stored or computed can be compared as if no zone existed."""
    assert not world.rows(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where data_type = 'timestamp without time zone' and table_schema not in ('pg_catalog', 'information_schema')"
    )


def test_only_people_say_what_happened_at_a_plant(world) -> None:
    """What computes results reads the log of the plant and cannot add to it, such as a grid outage for each night."""
    assert world.rows(
        "select privilege_type from information_schema.role_table_grants "
        "where table_schema = 'core' and table_name = 'plant_event' and grantee = 'sunledger_transformer'"
    ) == [{"privilege_type": "SELECT"}]


def test_canonical_models_enforce_their_contract(manifest) -> None:
    canonical = [n for n in manifest.nodes.values() if n.resource_type == "model" and n.schema == "canonical"]
    assert {n.name for n in canonical} == {
        "meter_reading",
        "meter_reading_revision",
        "meter_aggregate",
        "late_reading",
        "restatement_proposal",
        "billing_read",
        "obligation_day",
        "obligation_period",
        "default_event",
    }
    for node in canonical:
        assert node.contract.enforced, node.name
        assert node.config.on_schema_change == "fail", node.name
        assert node.config.full_refresh is False, node.name


def test_a_table_that_does_not_keep_the_contract_takes_no_rows(world) -> None:
    change = "alter table canonical.late_reading alter column row_number type"
    world.connection.execute(f"{change} integer")
    try:
        with pytest.raises(AssertionError, match="enforced contract that failed"):
            world.build_everything("--select", "late_reading")
    finally:
        world.connection.execute(f"{change} bigint")


def test_no_view_says_what_was_true_when_it_was_made(manifest) -> None:
    """A build leaves views alone whose definitions are known; what it asks the database meanwhile is for tables."""
    asking = {
        m.unique_id for m in manifest.macros.values() if m.package_name == "sunledger" and "run_query" in m.macro_sql
    }
    while reached := {
        m.unique_id for m in manifest.macros.values() if m.unique_id not in asking and asking & set(m.depends_on.macros)
    }:
        asking |= reached
    assert asking & set(manifest.nodes["model.sunledger.int_hours__measured"].depends_on.macros)
    views = [n for n in manifest.nodes.values() if n.resource_type == "model" and n.config.materialized == "view"]
    assert views
    assert [view.name for view in views if asking & set(view.depends_on.macros)] == []


def test_unit_tests_hold(world) -> None:
    outcome = dbtRunner(manifest=world.runner.manifest).invoke(
        ["test", "--select", "test_type:unit", *_place(), "--quiet"]
    )
    assert outcome.success, [r.message for r in outcome.result or [] if r.status != "pass"]
    assert len(outcome.result.results) >= 10


def test_views_that_clients_read_check_the_rights_of_the_reader(world) -> None:
    views = world.rows(
        "select relname, reloptions from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'v'"
    )
    assert views
    assert all("security_invoker=true" in (view["reloptions"] or []) for view in views)


def test_what_did_not_change_is_left_in_place(world) -> None:
    """Views stay as they are, also those on tables; tables are filled anew and stay the same table."""
    names = ("int_readings__profiled", "int_readings__accepted", "int_readings__selected", "int_hours__measured")
    oids = "select relname, oid::text from pg_class where relname = any(%s) order by 1"
    before = world.rows(oids, list(names))
    world.build_everything()
    assert len(before) == len(names)
    assert world.rows(oids, list(names)) == before
