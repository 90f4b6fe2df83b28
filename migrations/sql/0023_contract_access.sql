set local role sunledger_owner;

grant select, insert on core.contract_version, core.obligation, core.obligation_meter, core.guarantee_year,
core.plant_event, core.meter_test, ops.reassessment, ops.evidence_pack to sunledger_loader;
-- what an event or a test said stays said; a correction only ends its being current
grant update (is_current) on core.plant_event, core.meter_test to sunledger_loader;
grant update on ops.reassessment, ops.evidence_pack to sunledger_loader;
grant select on core.obligation_calendar, canonical.obligation_day, canonical.obligation_period,
canonical.default_event to sunledger_loader;
grant update (status, notified_on, cure_until_on, cure_ends_at, evidence, evidence_archived_at)
on canonical.default_event to sunledger_loader;

grant select on core.contract_version, core.obligation, core.obligation_meter, core.guarantee_year, core.plant_event,
core.meter_test, core.obligation_calendar, ops.reassessment, ops.evidence_pack to sunledger_transformer;
grant select, insert, update on canonical.obligation_day, canonical.obligation_period to sunledger_transformer;
-- the strategy that fills it names update; the guard lets no amount change
grant select, insert, update on canonical.default_event to sunledger_transformer;

grant select on core.contract_version, core.obligation, core.obligation_meter, core.guarantee_year, core.plant_event,
core.meter_test, core.obligation_calendar, canonical.obligation_day, canonical.obligation_period,
canonical.default_event, ops.evidence_pack to sunledger_api, sunledger_reader;

do $$
declare
    tenant_table regclass;
    own text := 'organization_id = core.current_organization_id()';
begin
    foreach tenant_table in array array[
        'core.contract_version', 'core.obligation', 'core.obligation_meter', 'core.guarantee_year',
        'core.plant_event', 'core.meter_test', 'canonical.obligation_day', 'canonical.obligation_period',
        'canonical.default_event', 'ops.reassessment', 'ops.evidence_pack'
    ]::regclass[] loop
        execute format('alter table %s enable row level security', tenant_table);
        execute format('alter table %s force row level security', tenant_table);
        execute format(
            'create policy tenant on %s to sunledger_api, sunledger_reader using (%s) with check (%s)', tenant_table,
            own, own
        );
        execute format(
            'create policy service on %s to sunledger_owner, sunledger_loader, sunledger_transformer '
            'using (true) with check (true)', tenant_table
        );
    end loop;
end
$$;

reset role;
