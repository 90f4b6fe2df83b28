set local role sunledger_owner;

-- Raw tables are shaped like the delivery and partitioned by load day. Their partitions are unlogged: the lake
-- holds the original, staging is repeatable, and write-ahead log for them would only cost.
create table raw.file_reading (
    load_id bigint not null,
    staged_on date not null,
    row_number bigint not null,
    external_site_id text,
    external_device_id text,
    interval_start timestamptz,
    interval_seconds integer,
    energy double precision,
    energy_unit text,
    energy_total double precision,
    energy_total_unit text,
    power double precision,
    power_unit text,
    irradiance_wm2 double precision,
    temperature_c double precision,
    quality text,
    other_metrics json,
    unparsed json
) partition by range (staged_on);

create table raw.solaredge_reading (
    load_id bigint not null,
    staged_on date not null,
    row_number bigint not null,
    external_site_id text,
    external_device_id text,
    interval_start timestamptz,
    interval_seconds integer,
    energy double precision,
    energy_unit text,
    power double precision,
    power_unit text,
    voltage_v double precision,
    current_a double precision,
    frequency_hz double precision,
    import_energy double precision,
    export_energy double precision,
    consumption_energy double precision,
    meter_energy_unit text,
    state_of_energy_percent double precision,
    quality text,
    unparsed json
) partition by range (staged_on);

create index file_reading_load_idx on raw.file_reading using brin (load_id);
create index solaredge_reading_load_idx on raw.solaredge_reading using brin (load_id);

-- Creates the partition of one load day; services may call it but own nothing.
create function raw.ensure_partition(feed text, staged_on date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    partition text := feed || to_char(staged_on, '"_"YYYYMMDD');
begin
    if to_regclass(format('raw.%I', feed)) is null then
        raise exception 'raw.% is no raw table', feed;
    end if;
    if to_regclass(format('raw.%I', partition)) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('raw.' || partition));
    if to_regclass(format('raw.%I', partition)) is not null then
        return;
    end if;
    execute format('create unlogged table raw.%I (like raw.%I including defaults)', partition, feed);
    execute format(
        'alter table raw.%I attach partition raw.%I for values from (%L) to (%L)',
        feed, partition, staged_on, staged_on + 1
    );
    execute format('grant select, insert, delete on raw.%I to sunledger_loader', partition);
    execute format('grant select on raw.%I to sunledger_transformer', partition);
end
$$;

-- Drops partitions older than the given day; the lake still has every byte, so any load can be staged again.
create function raw.drop_partitions_before(day date) returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    partition record;
begin
    for partition in
        select c.relname
        from pg_class as c
        inner join pg_inherits as i on c.oid = i.inhrelid
        where c.relnamespace = 'raw'::regnamespace and c.relkind = 'r'
            and to_date(right(c.relname, 8), 'YYYYMMDD') < day
    loop
        execute format('drop table raw.%I', partition.relname);
        return next partition.relname;
    end loop;
end
$$;

-- Only an owner may analyse; staging asks for it through this function.
create function raw.analyze_partition(feed text, staged_on date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('analyze raw.%I', feed || to_char(staged_on, '"_"YYYYMMDD'));
end
$$;

reset role;
