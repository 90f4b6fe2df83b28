set local role sunledger_owner;

-- One row per meter, metering interval and source; the interval is half-open and named by its start.
create table canonical.meter_reading (
    organization_id bigint not null,
    project_id bigint not null,
    meter_id bigint not null,
    source_system text not null,
    external_site_id text not null,
    external_device_id text not null,
    "timestamp" timestamptz not null,
    reading_interval_seconds integer not null,
    energy_wh numeric(20, 6),
    energy_total_wh numeric(20, 6),
    power_w numeric(20, 6),
    irradiance_wm2 numeric(12, 6),
    temperature_c numeric(12, 6),
    other_metrics jsonb,
    quality text not null check (quality in ('measured', 'estimated', 'missing')),
    load_id bigint not null,
    row_number bigint not null,
    publication_id bigint not null,
    ingested_at timestamptz not null,
    primary key (organization_id, meter_id, "timestamp", reading_interval_seconds, source_system)
) partition by range ("timestamp");

-- Watched: it stays empty, because publication creates the partitions it needs first.
create table canonical.meter_reading_default partition of canonical.meter_reading default;

-- Values that lost: replaced by a later one, or arrived but outranked.
create table canonical.meter_reading_revision (
    organization_id bigint not null,
    project_id bigint not null,
    meter_id bigint not null,
    source_system text not null,
    external_site_id text not null,
    external_device_id text not null,
    "timestamp" timestamptz not null,
    reading_interval_seconds integer not null,
    energy_wh numeric(20, 6),
    energy_total_wh numeric(20, 6),
    power_w numeric(20, 6),
    irradiance_wm2 numeric(12, 6),
    temperature_c numeric(12, 6),
    other_metrics jsonb,
    quality text not null,
    load_id bigint not null,
    row_number bigint not null,
    publication_id bigint not null,
    ingested_at timestamptz not null,
    reason text not null check (reason in ('replaced', 'outranked')),
    winner_load_id bigint not null,
    winner_row_number bigint not null,
    revised_in_publication_id bigint not null,
    revised_at timestamptz not null
);

create unique index meter_reading_revision_key on canonical.meter_reading_revision (
    organization_id, meter_id, "timestamp", reading_interval_seconds, source_system, load_id, row_number, publication_id
);

create table canonical.meter_aggregate (
    organization_id bigint not null,
    project_id bigint not null,
    meter_id bigint not null,
    period_type text not null check (period_type in ('hourly', 'daily', 'monthly')),
    period_start timestamptz not null,
    period_end timestamptz not null check (period_end > period_start),
    time_zone text not null,
    source_system text not null,
    reading_interval_seconds integer not null,
    energy_wh numeric(20, 6),
    energy_kwh numeric(20, 9),
    reading_count bigint not null,
    measured_count bigint not null,
    estimated_count bigint not null,
    slots_expected bigint not null,
    data_completeness_percent numeric(7, 4) not null,
    usable_percent numeric(7, 4) not null,
    publication_id bigint not null,
    aggregated_at timestamptz not null,
    primary key (organization_id, meter_id, period_type, period_start)
);

-- Readings for months that retention has already taken away: kept, but not revived.
create table canonical.late_reading (
    organization_id bigint not null,
    project_id bigint not null,
    meter_id bigint not null,
    source_system text not null,
    "timestamp" timestamptz not null,
    reading_interval_seconds integer not null,
    energy_wh numeric(20, 6),
    power_w numeric(20, 6),
    quality text not null,
    load_id bigint not null,
    row_number bigint not null,
    publication_id bigint not null,
    received_at timestamptz not null,
    primary key (load_id, row_number)
);

create table canonical.restatement_proposal (
    organization_id bigint not null,
    project_id bigint not null,
    meter_id bigint not null,
    month_start date not null,
    late_reading_count bigint not null,
    late_energy_wh numeric(20, 6),
    status text not null default 'proposed' check (status in ('proposed', 'accepted', 'declined')),
    proposed_at timestamptz not null,
    primary key (organization_id, meter_id, month_start)
);

-- Creates the month partitions of meter_reading that cover [first_at, last_at]. Plausible dates only:
-- ten years back, two years ahead. Rows that slipped into the default partition move to their month.
create function canonical.ensure_partitions(first_at timestamptz, last_at timestamptz) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    this_month timestamptz := date_trunc('month', greatest(first_at, now() - interval '10 years 1 month'));
    last_month timestamptz := date_trunc('month', least(last_at, now() + interval '2 years'));
    partition text;
    created integer := 0;
begin
    if not isfinite(first_at) or not isfinite(last_at) then
        raise exception 'partitions need finite dates, not % to %', first_at, last_at;
    end if;
    while this_month <= last_month loop
        -- what retention has taken away does not come back; such readings go to late_reading
        if exists (select from ops.retired_month as r where r.month_start = this_month::date) then
            this_month := this_month + interval '1 month';
            continue;
        end if;
        partition := to_char(this_month, '"meter_reading_"YYYY_MM');
        if to_regclass(format('canonical.%I', partition)) is null then
            perform pg_advisory_xact_lock(hashtext('canonical.meter_reading'));
            if to_regclass(format('canonical.%I', partition)) is null then
                perform canonical.create_partition(partition, this_month, this_month + interval '1 month');
                created := created + 1;
            end if;
        end if;
        this_month := this_month + interval '1 month';
    end loop;
    return created;
end
$$;

create function canonical.create_partition(partition text, month_start timestamptz, month_end timestamptz)
returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
begin
    execute format(
        'create table canonical.%I (like canonical.meter_reading including defaults including constraints)', partition
    );
    execute format('alter table canonical.%I enable row level security', partition);
    execute format(
        'with moved as (delete from canonical.meter_reading_default '
        'where "timestamp" >= %1$L and "timestamp" < %2$L returning *) '
        'insert into canonical.%3$I select * from moved', month_start, month_end, partition
    );
    execute format(
        'alter table canonical.meter_reading attach partition canonical.%I for values from (%L) to (%L)',
        partition, month_start, month_end
    );
    execute format('alter table canonical.%I force row level security', partition);
end
$$;

revoke execute on function canonical.create_partition(text, timestamptz, timestamptz) from public;

select canonical.ensure_partitions(now() - interval '1 month', now() + interval '3 months');

reset role;
