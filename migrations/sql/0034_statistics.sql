-- Without statistics the planner takes a table for nearly empty: it compared every staged row with every device (three
-- thousand devices make a load thirty times as slow), and nested loops over a month of readings ran for minutes.
-- Autovacuum comes too late for what was written a moment ago, so whoever writes much asks for statistics at once.
set local role sunledger_owner;

create function core.analyze_grown(counted regclass) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    part regclass;
begin
    for part in
        select c.oid
        from pg_class as c
        where c.oid in (select relid from pg_partition_tree(counted) where isleaf union all select counted)
            and c.relkind = 'r'
            -- pages are known within the running transaction, changed rows only after it
            and pg_relation_size(c.oid) / current_setting('block_size')::int > 1.2 * c.relpages
        order by c.oid
    loop
        execute format('analyze %s', part);
    end loop;
end
$$;

create or replace function raw.analyze_partition(feed text, staged_on date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform core.analyze_grown('core.meter_device');
    perform core.analyze_grown('core.meter');
    perform core.analyze_grown('core.project');
    execute format('analyze raw.%I', feed || to_char(staged_on, '"_"YYYYMMDD'));
end
$$;

revoke execute on function core.analyze_grown(regclass) from public;
grant execute on function core.analyze_grown(regclass) to sunledger_transformer;

reset role;
