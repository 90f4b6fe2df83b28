set local role sunledger_owner;

grant usage on schema core, ops, raw, quarantine, canonical, staging, intermediate, marts to sunledger_loader;
grant usage on schema core, ops, raw, quarantine, canonical to sunledger_transformer;
grant usage on schema core, ops, quarantine, canonical, marts to sunledger_api;
grant usage on schema core, ops, quarantine, canonical, marts to sunledger_reader;

-- the pipeline: keeps the books, fills raw, quarantines, registers sites
grant select, insert, update on all tables in schema core, ops to sunledger_loader;
grant usage on all sequences in schema core, ops to sunledger_loader;
revoke update on ops.audit_entry from sunledger_loader;
grant select, insert, delete on all tables in schema raw to sunledger_loader;
grant select, insert, update, delete on all tables in schema quarantine to sunledger_loader;
grant delete on ops.validation_result to sunledger_loader;
grant select on all tables in schema canonical to sunledger_loader;
grant execute on function raw.ensure_partition(text, date) to sunledger_loader;

-- dbt: reads what was staged and judged, writes canonical rows, never deletes
grant select on all tables in schema core, ops, raw, quarantine to sunledger_transformer;
grant select, insert, update on all tables in schema canonical to sunledger_transformer;

-- people and services of one tenant
grant select on all tables in schema core, canonical to sunledger_api, sunledger_reader;
grant select on ops.ingestion_log, ops.publication, ops.publication_load, ops.integration_site to sunledger_api;
grant select on ops.publication, ops.ingestion_log to sunledger_reader;
grant select on quarantine.rejected_row to sunledger_api, sunledger_reader;

revoke execute on function raw.ensure_partition(text, date) from public;
revoke execute on function raw.analyze_partition(text, date) from public;
grant execute on function raw.analyze_partition(text, date) to sunledger_loader;
revoke execute on function raw.drop_partitions_before(date) from public;
revoke execute on function canonical.ensure_partitions(timestamptz, timestamptz) from public;
grant execute on function raw.ensure_partition(text, date), raw.drop_partitions_before(date) to sunledger_loader;
grant execute on function canonical.ensure_partitions(timestamptz, timestamptz)
to sunledger_loader, sunledger_transformer;

-- Row-level security, forced, on every table that has a tenant. Services that serve all tenants have their own
-- policy; a tenant's connection sees the organization set in its transaction, and nothing when none is set.
do $$
declare
    tenant_table regclass;
begin
    for tenant_table in
        select c.oid::regclass
        from pg_class as c
        inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'organization_id' and not a.attisdropped
        where c.relnamespace in ('core'::regnamespace, 'ops'::regnamespace, 'quarantine'::regnamespace,
                'canonical'::regnamespace)
            and c.relkind in ('r', 'p')
    loop
        execute format('alter table %s enable row level security', tenant_table);
        execute format('alter table %s force row level security', tenant_table);
        execute format(
            'create policy tenant on %s to sunledger_api, sunledger_reader '
            'using (organization_id = core.current_organization_id()) '
            'with check (organization_id = core.current_organization_id())', tenant_table
        );
        execute format(
            'create policy service on %s to sunledger_owner, sunledger_loader, sunledger_transformer '
            'using (true) with check (true)',
            tenant_table
        );
    end loop;
end
$$;

reset role;
