set local role sunledger_owner;

-- A broken promise. Amounts are never edited: a changed result is a new revision, which supersedes the one before.
create table canonical.default_event (
    -- md5 of contract, obligation code, period and revision: the same result has the same id wherever it is built
    default_event_id uuid not null,
    organization_id bigint not null,
    project_id bigint not null,
    contract_id bigint not null,
    contract_version_id bigint not null,
    obligation_id bigint not null,
    obligation_code text not null,
    obligation_version integer not null,
    rule_version text not null,
    metric text not null,
    period_type text not null,
    period_start_on date not null,
    period_end_on date not null,
    period_start timestamptz not null,
    period_end timestamptz not null check (period_end > period_start),
    time_zone text not null,
    operating_year integer not null,
    revision integer not null check (revision > 0),
    supersedes_event_id uuid,
    status text not null check (status in (
        'detected', 'under_review', 'notified', 'cure_period', 'cured', 'confirmed', 'settled',
        'inconclusive', 'withdrawn', 'superseded'
    )),
    severity text check (severity in ('low', 'medium', 'high')),
    meter_ids jsonb not null,
    unit text not null,
    expected numeric(38, 18),
    guaranteed numeric(38, 18),
    actual numeric(38, 18),
    deemed numeric(38, 18),
    counted numeric(38, 18),
    shortfall numeric(38, 18),
    hours_expected numeric(20, 10),
    hours_available numeric(20, 10),
    availability_percent numeric(38, 18),
    raw_availability_percent numeric(38, 18),
    data_completeness_percent numeric(38, 18),
    usable_percent numeric(38, 18),
    excused_hours numeric(20, 10) not null,
    excused_hours_by_class jsonb not null,
    excused_event_ids jsonb not null,
    missing_policy text not null,
    ld_before_cap numeric(20, 6),
    ld_cap numeric(20, 6),
    ld_payable numeric(20, 6),
    -- against the revision before
    ld_change numeric(20, 6),
    currency_code text,
    payment_amount numeric(20, 6),
    payment_currency_code text,
    fx_rate numeric(20, 10),
    rounding text not null,
    calculation jsonb not null,
    publication_id bigint not null,
    detected_at timestamptz not null,

    -- written after detection, by people and by preservation
    notified_on date,
    -- the last day, part of the cure period, in the plant's calendar; the instant after it
    cure_until_on date,
    cure_ends_at timestamptz,
    evidence jsonb not null check (
        evidence ?& array[
            'breach_period', 'meters_involved', 'aggregate_values', 'sample_readings', 'data_hash', 'snapshot_s3_path'
        ]
        and jsonb_typeof(evidence -> 'breach_period') = 'object'
        and jsonb_typeof(evidence -> 'meters_involved') = 'array'
        and jsonb_typeof(evidence -> 'aggregate_values') = 'object'
        and jsonb_typeof(evidence -> 'sample_readings') = 'array'
    ),
    evidence_archived_at timestamptz,
    primary key (organization_id, default_event_id),
    unique (organization_id, contract_id, obligation_code, period_start_on, period_end_on, revision),
    foreign key (organization_id, contract_id) references core.contract (organization_id, contract_id),
    foreign key (organization_id, obligation_id) references core.obligation (organization_id, obligation_id),
    foreign key (organization_id, supersedes_event_id)
    references canonical.default_event (organization_id, default_event_id)
);

create unique index default_event_one_open on canonical.default_event
(organization_id, contract_id, obligation_code, period_start_on, period_end_on) where status <> 'superseded';

-- A new revision supersedes the newest one in the same statement, so a period never has two open results.
create function canonical.supersede_default_event() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update canonical.default_event as e set status = 'superseded'
    where
        (e.organization_id, e.contract_id, e.obligation_code, e.period_start_on, e.period_end_on)
        = (new.organization_id, new.contract_id, new.obligation_code, new.period_start_on, new.period_end_on)
        and e.status <> 'superseded'
        and e.revision < new.revision;
    return new;
end
$$;

create trigger supersede before insert on canonical.default_event
for each row execute function canonical.supersede_default_event();

create function canonical.may_follow(old_status text, new_status text) returns boolean
language sql immutable parallel safe
as $$
    select old_status = new_status or case old_status
        when 'detected' then new_status in ('under_review', 'notified', 'withdrawn', 'superseded')
        when 'under_review' then new_status in ('notified', 'withdrawn', 'superseded')
        when 'notified' then new_status in ('cure_period', 'confirmed', 'withdrawn', 'superseded')
        when 'cure_period' then new_status in ('cured', 'confirmed', 'withdrawn', 'superseded')
        when 'cured' then new_status in ('settled', 'superseded')
        when 'confirmed' then new_status in ('settled', 'withdrawn', 'superseded')
        when 'settled' then new_status = 'superseded'
        when 'inconclusive' then new_status = 'superseded'
        when 'withdrawn' then new_status = 'superseded'
        else false
    end
$$;

-- What an event said stays said: only its state moves on, and its evidence is completed once.
create function canonical.guard_default_event() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    movable text[] := array[
        'status', 'notified_on', 'cure_until_on', 'cure_ends_at', 'evidence', 'evidence_archived_at'
    ];
begin
    if tg_op <> 'UPDATE' then
        raise exception 'default events stay' using errcode = 'restrict_violation';
    end if;
    if to_jsonb(old) - movable is distinct from to_jsonb(new) - movable then
        raise exception 'default event % is revised, never edited', old.default_event_id
        using errcode = 'restrict_violation';
    end if;
    if not canonical.may_follow(old.status, new.status) then
        raise exception 'default event % is %, which cannot become %', old.default_event_id, old.status, new.status
        using errcode = 'restrict_violation';
    end if;
    if old.evidence ->> 'data_hash' is not null and old.evidence is distinct from new.evidence then
        raise exception 'the evidence of default event % is complete', old.default_event_id
        using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

create trigger guard before update on canonical.default_event
for each row execute function canonical.guard_default_event();
create trigger stay before delete on canonical.default_event
for each row execute function canonical.guard_default_event();
create trigger stay_all before truncate on canonical.default_event
for each statement execute function canonical.guard_default_event();

-- One pack for each event; pending until its object is stored and was read back.
create table ops.evidence_pack (
    default_event_id uuid not null,
    organization_id bigint not null,
    status text not null default 'archive_pending' check (status in ('archive_pending', 'complete')),
    lake_key text,
    pack_sha256 text check (pack_sha256 ~ '^[0-9a-f]{64}$'),
    manifest_sha256 text check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
    data_hash text check (data_hash ~ '^[0-9a-f]{64}$'),
    merkle_root text check (merkle_root ~ '^[0-9a-f]{64}$'),
    signing_key_id text,
    timestamped_at timestamptz,
    size_bytes bigint,
    -- fixed by the first try, so that every later one makes the same pack: its time, and the newest audit entry in it
    built_at timestamptz,
    audit_seq bigint,
    archived_at timestamptz,
    last_error text,
    verified_at timestamptz,
    is_intact boolean,
    verification jsonb,
    created_at timestamptz not null default now(),
    primary key (organization_id, default_event_id),
    check (status <> 'complete' or (lake_key is not null and data_hash is not null and archived_at is not null)),
    foreign key (organization_id, default_event_id)
    references canonical.default_event (organization_id, default_event_id)
);

comment on table canonical.default_event is 'Broken promises in revisions, with money, state and evidence.';
comment on table ops.evidence_pack is 'The evidence pack of every default event, and when it was last verified.';

revoke execute on function canonical.supersede_default_event() from public;

reset role;
