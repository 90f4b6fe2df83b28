-- The rows of a load are found by a summary of each range of pages, which a vacuum makes of new ranges, and of no fewer
-- than a fifth of the table. Until then each step of a small load read all that larger ones had left in its day, half a
-- second of CPU for each million rows. Whoever stages much asks for the summary at once.
set local role sunledger_owner;

create or replace function raw.analyze_partition(feed text, staged_on date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    partition text := feed || to_char(staged_on, '"_"YYYYMMDD');
begin
    perform core.analyze_grown('core.meter_device');
    perform core.analyze_grown('core.meter');
    perform core.analyze_grown('core.project');
    execute format('analyze raw.%I', partition);
    perform brin_summarize_new_values(i.indexrelid)
    from pg_index as i
    inner join pg_class as c on i.indexrelid = c.oid
    inner join pg_am as a on c.relam = a.oid
    where i.indrelid = format('raw.%I', partition)::regclass and a.amname = 'brin';
end
$$;

reset role;
