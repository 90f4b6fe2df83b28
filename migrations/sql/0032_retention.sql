set local role sunledger_owner;

-- What of a month's readings lies in the archive: one object for each organization, verified before it stands here.
-- A month that was restored and retired again has another revision.
create table ops.archived_month (
    organization_id bigint not null references core.organization (organization_id),
    month_start date not null check (extract(day from month_start) = 1),
    revision integer not null check (revision > 0),
    lake_key text not null,
    row_count bigint not null check (row_count > 0),
    size_bytes bigint not null check (size_bytes > 0),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    -- of the rows as the database has them: see canonical.fingerprint_month
    fingerprint text not null,
    archived_at timestamptz not null default now(),
    primary key (organization_id, month_start, revision)
);

-- A person's decision on late readings of a month that was retired; what was accepted is not proposed again.
create table ops.restatement_decision (
    organization_id bigint not null,
    meter_id bigint not null,
    month_start date not null check (extract(day from month_start) = 1),
    decided_at timestamptz not null default clock_timestamp(),
    decision text not null check (decision in ('accepted', 'declined')),
    decided_by text not null,
    reason text not null check (reason <> ''),
    late_reading_count bigint not null,
    -- the newest publication then: late readings of later ones are not decided by it
    publication_id bigint not null,
    primary key (organization_id, meter_id, month_start, decided_at),
    foreign key (organization_id, meter_id) references core.meter (organization_id, meter_id)
);

-- when the copy of a load's object in validated/ or quarantine/ was taken away; the landed object stays
alter table ops.ingestion_log add column copy_expired_at timestamptz;
create index ingestion_log_copy_idx on ops.ingestion_log (judged_at)
where disposition_key is not null and copy_expired_at is null;

-- Rows of a month on their way back from the archive; empty outside the transaction that restores.
create unlogged table raw.restored_reading (like canonical.meter_reading);

-- How many readings each organization has in a month, and numbers that any changed row changes: the sums of two 64-bit
-- hashes over the text of the columns, which are named so that a later column does not change what was archived before.
create function canonical.fingerprint_month(wanted_month date) returns table (
    organization_id bigint, row_count bigint, fingerprint text
)
language sql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO'
as $$
    select
        t.organization_id, count(*),
        sum(hashtextextended(t.reading, 0)::numeric) || '/' || sum(hashtextextended(t.reading, 1)::numeric)
    from (
        select
            r.organization_id,
            row(
                r.organization_id, r.project_id, r.meter_id, r.source_system, r.external_site_id, r.external_device_id,
                r."timestamp", r.reading_interval_seconds, r.energy_wh, r.energy_total_wh, r.power_w, r.irradiance_wm2,
                r.temperature_c, r.other_metrics, r.quality, r.load_id, r.row_number, r.publication_id, r.ingested_at
            )::text as reading
        from canonical.meter_reading as r
        where r."timestamp" >= wanted_month::timestamptz
            and r."timestamp" < (wanted_month + interval '1 month')::timestamptz
    ) as t
    group by t.organization_id
$$;

-- Months of readings that have a partition and ended before an instant, oldest first.
create function canonical.months_before(cutoff timestamptz) returns table (
    month_start date, estimated_rows bigint, size_bytes bigint
)
language sql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
    select m.month_start, greatest(m.estimated_rows, 0)::bigint, pg_total_relation_size(m.oid)
    from (
        select to_date(right(c.relname, 7), 'YYYY_MM') as month_start, c.reltuples as estimated_rows, c.oid
        from pg_inherits as i
        inner join pg_class as c on i.inhrelid = c.oid
        where i.inhparent = 'canonical.meter_reading'::regclass and c.relname ~ '^meter_reading_\d{4}_\d{2}$'
    ) as m
    where (m.month_start + interval '1 month')::timestamptz <= cutoff
    order by 1
$$;

-- Takes a month away whose readings lie in the archive as they are: mark and partition change in one transaction.
-- Waits a few seconds for those who read or write it, and refuses where a row changed since it was archived. While the
-- rows are compared others may read, and nobody may write.
create function canonical.retire_month(wanted_month date) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '5s'
as $$
declare
    partition text := to_char(wanted_month, '"meter_reading_"YYYY_MM');
    own record;
    gone bigint := 0;
begin
    if to_regclass(format('canonical.%I', partition)) is null then
        return null;
    end if;
    perform pg_advisory_xact_lock(hashtext('canonical.meter_reading'));
    lock table only canonical.meter_reading in share mode;
    execute format('lock table canonical.%I in share mode', partition);
    for own in
        select f.organization_id, f.row_count, f.fingerprint, a.fingerprint as archived
        from canonical.fingerprint_month(wanted_month) as f
        left join lateral (
            select m.fingerprint from ops.archived_month as m
            where m.organization_id = f.organization_id and m.month_start = wanted_month
            order by m.revision desc limit 1
        ) as a on true
    loop
        if own.fingerprint is distinct from own.archived then
            raise exception 'readings of organization % in % differ from the archive', own.organization_id, partition
            using errcode = 'object_not_in_prerequisite_state';
        end if;
        gone := gone + own.row_count;
    end loop;
    insert into ops.retired_month (month_start) values (wanted_month) on conflict do nothing;
    execute format('alter table canonical.meter_reading detach partition canonical.%I', partition);
    execute format('drop table canonical.%I', partition);
    return gone;
end
$$;

-- Brings a retired month back from raw.restored_reading and lifts its mark. Says how many rows came back; null where
-- the month is not retired.
create function canonical.restore_month(wanted_month date) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '5s'
as $$
declare
    back bigint;
begin
    delete from ops.retired_month as r where r.month_start = wanted_month;
    if not found then
        return null;
    end if;
    perform pg_advisory_xact_lock(hashtext('canonical.meter_reading'));
    perform canonical.create_partition(
        to_char(wanted_month, '"meter_reading_"YYYY_MM'), wanted_month::timestamptz,
        (wanted_month + interval '1 month')::timestamptz
    );
    insert into canonical.meter_reading select * from raw.restored_reading;
    get diagnostics back = row_count;
    delete from raw.restored_reading;
    return back;
end
$$;

-- Drops one load day of a feed, unless its rows are still needed; the lake has every byte, so any load can be staged
-- again. Says whether it was dropped.
create function raw.drop_partition(feed text, staged_on date) returns boolean
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
    if exists (
        select from ops.ingestion_log as l
        where l.feed = drop_partition.feed and l.staged_on = drop_partition.staged_on
            and l.status in ('landed', 'staged', 'accepted', 'failed')
    ) then
        return false;
    end if;
    update ops.ingestion_log as l set staged_on = null
    where l.feed = drop_partition.feed and l.staged_on = drop_partition.staged_on;
    execute format('drop table raw.%I', partition);
    return true;
end
$$;

-- Load days that have a partition and lie before a day, with their size.
create function raw.partitions_before(day date) returns table (feed text, staged_on date, size_bytes bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select p.relname::text, to_date(right(c.relname, 8), 'YYYYMMDD'), pg_total_relation_size(c.oid)
    from pg_inherits as i
    inner join pg_class as c on i.inhrelid = c.oid
    inner join pg_class as p on i.inhparent = p.oid
    where p.relnamespace = 'raw'::regnamespace and c.relkind = 'r' and c.relname ~ '_\d{8}$'
        and to_date(right(c.relname, 8), 'YYYYMMDD') < day
    order by 2, 1
$$;

drop function raw.drop_partitions_before(date);

revoke execute on function canonical.retire_month(date), canonical.restore_month(date),
canonical.months_before(timestamptz), raw.drop_partition(text, date), raw.partitions_before(date) from public;
grant execute on function canonical.retire_month(date), canonical.restore_month(date),
canonical.months_before(timestamptz), raw.drop_partition(text, date), raw.partitions_before(date) to sunledger_loader;

-- only the two functions above say which months are retired
revoke insert, update on ops.retired_month from sunledger_loader;
grant select, insert, delete on raw.restored_reading to sunledger_loader;
grant select, insert on ops.archived_month, ops.restatement_decision to sunledger_loader;
grant select on ops.restatement_decision to sunledger_transformer;
grant update (status) on canonical.restatement_proposal to sunledger_loader;

do $$
declare
    tenant_table regclass;
    own text := 'organization_id = core.current_organization_id()';
begin
    foreach tenant_table in array array['ops.archived_month', 'ops.restatement_decision']::regclass[] loop
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

comment on table ops.archived_month is 'Readings of whole months in the archive, verified, one object an organization.';
comment on table ops.restatement_decision is 'What people decided on late readings of retired months.';
comment on table raw.restored_reading is 'Readings on their way back from the archive, within one transaction.';

reset role;
