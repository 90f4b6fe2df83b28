set local role sunledger_owner;

-- What judging worked out of the readings of all feeds: canonical units, our meters, and what the rules looked at. A
-- publication takes its readings from here, so that what is published is what was judged, and nothing is worked out
-- twice. Unlogged, by load day and as short-lived as the raw rows, because staging and judging a load are repeatable.
-- A rule that looks at something new adds a column.
create table raw.judged_reading (
    load_id bigint not null,
    row_number bigint not null,
    organization_id bigint not null,
    project_id bigint,
    meter_id bigint,
    interval_start timestamptz,
    received_at timestamptz not null,
    energy_wh double precision,
    energy_total_wh double precision,
    energy_limit_wh double precision,
    power_w double precision,
    irradiance_wm2 double precision,
    temperature_c double precision,
    age_seconds double precision,
    flat_run_seconds double precision,
    sun_elevation_deg double precision,
    irradiance_offset_wm2 double precision,
    irradiance_edge_wm2 double precision,
    staged_on date not null,
    reading_interval_seconds integer,
    quality_rank integer,
    duplicate_rank integer not null,
    source_system text not null,
    external_site_id text,
    external_device_id text,
    time_zone text,
    quality text,
    other_metrics jsonb,
    field_count_problem text,
    text_problem_columns text,
    timestamp_code text,
    grid_problem text,
    interval_problem text,
    not_numeric_columns text,
    not_finite_columns text,
    unknown_unit text,
    unmeasured_quality text,
    unmapped_device text,
    energy_under_floor_wh numeric,
    energy_over_limit_wh numeric,
    power_under_floor_w numeric,
    power_over_limit_w numeric,
    energy_power_gap_percent numeric
) partition by range (staged_on);

create index judged_reading_load_idx on raw.judged_reading using brin (load_id);

grant select, insert, delete on raw.judged_reading to sunledger_loader;
grant select on raw.judged_reading to sunledger_transformer;

-- They wait as long as the loads that they were worked out of.
create function raw.needed_by(feed text, staged_on date) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select count(*) from ops.ingestion_log as l
    where l.staged_on = needed_by.staged_on and l.status in ('landed', 'staged', 'accepted', 'failed')
        and (l.feed = needed_by.feed or needed_by.feed = 'judged_reading' and l.feed <> 'billing_read')
$$;

create or replace function raw.drop_partition(feed text, staged_on date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s'
as $$
declare
    partition text := feed || to_char(staged_on, '"_"YYYYMMDD');
begin
    if not exists (
        select from pg_inherits as i
        where i.inhparent = to_regclass(format('raw.%I', feed)) and i.inhrelid = to_regclass(format('raw.%I', partition))
    ) then
        return false;
    end if;
    execute format('lock table raw.%I in access exclusive mode', partition);
    if raw.needed_by(feed, staged_on) > 0 then
        return false;
    end if;
    update ops.ingestion_log as l set staged_on = null
    where l.feed = drop_partition.feed and l.staged_on = drop_partition.staged_on;
    execute format('drop table raw.%I', partition);
    return true;
end
$$;

revoke execute on function raw.needed_by(text, date) from public;
grant execute on function raw.needed_by(text, date) to sunledger_loader;

reset role;
