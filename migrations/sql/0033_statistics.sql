-- Staged rows are joined to the devices that feed our meters. As long as the planner has never counted those, as after
-- an installation, it joins on the organization alone and compares every row with every device: a hundred of them
-- double the time of a load, three thousand would multiply it by thirty.
set local role sunledger_owner;

create or replace function raw.analyze_partition(feed text, staged_on date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    outdated regclass;
begin
    for outdated in
        select c.oid
        from pg_class as c
        where c.oid in ('core.meter_device'::regclass, 'core.meter'::regclass, 'core.project'::regclass)
            and (c.reltuples < 0 or pg_stat_get_mod_since_analyze(c.oid) > 0.1 * c.reltuples)
        order by c.oid
    loop
        execute format('analyze %s', outdated);
    end loop;
    execute format('analyze raw.%I', feed || to_char(staged_on, '"_"YYYYMMDD'));
end
$$;

reset role;
