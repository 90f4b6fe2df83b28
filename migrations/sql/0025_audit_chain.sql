set local role sunledger_owner;

-- Entries from before the chain prove nothing; a database that has some keeps them aside.
do $$
begin
    if exists (select from ops.audit_entry) then
        alter table ops.audit_entry rename constraint audit_entry_pkey to audit_entry_unchained_pkey;
        alter table ops.audit_entry rename to audit_entry_unchained;
    else
        drop table ops.audit_entry;
    end if;
end
$$;

-- One hash chain for each organization; 0 is the chain of what belongs to none. docs/audit.md has the format.
create table ops.audit_entry (
    organization_id bigint not null,
    seq bigint not null check (seq > 0),
    previous_hash text not null check (previous_hash ~ '^[0-9a-f]{64}$'),
    entry_hash text not null check (entry_hash ~ '^[0-9a-f]{64}$'),
    occurred_at timestamptz not null check (isfinite(occurred_at)),
    action text not null check (action ~ '^[a-z][a-z0-9_ ]{0,62}$'),
    -- what was acted upon: the SHA-256 of its bytes; that of nothing where there are none
    input_hash text not null check (input_hash ~ '^[0-9a-f]{64}$'),
    -- what was done: the SHA-256 of actor, subject, reason and details
    output_hash text not null check (output_hash ~ '^[0-9a-f]{64}$'),
    actor text not null,
    subject text not null,
    reason text not null,
    details jsonb not null,
    primary key (organization_id, seq),
    unique (organization_id, previous_hash)
);

create index audit_entry_subject_idx on ops.audit_entry (organization_id, subject, seq);
create index audit_entry_action_idx on ops.audit_entry (action, occurred_at);

-- Entries of a running transaction, until its commit gives them their place; nobody ever sees a row of it.
create table ops.audit_pending (
    audit_pending_id bigint generated always as identity primary key,
    organization_id bigint not null,
    action text not null,
    input_hash text not null,
    output_hash text not null,
    actor text not null,
    subject text not null,
    reason text not null,
    details jsonb not null
);

-- The canonical record (RFC 8785) needs no escaping: every text in it is of hex digits, digits or checked letters.
create function ops.audit_entry_hash(
    organization_id bigint, seq bigint, previous_hash text, occurred_at timestamptz, action text, input_hash text,
    output_hash text
) returns text
language sql stable parallel safe set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
    select encode(
        sha256(
            convert_to('audit-v1', 'UTF8') || '\x00'::bytea || convert_to(
                format(
                    '{"action":"%s","input_hash":"%s","occurred_at":"%s","organization_id":%s,"output_hash":"%s",'
                    '"previous_hash":"%s","seq":%s}',
                    action, input_hash, to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), organization_id,
                    output_hash, previous_hash, seq
                ),
                'UTF8'
            )
        ),
        'hex'
    )
$$;

-- A stale snapshot would read an old head, so a chain grows in READ COMMITTED only.
create function ops.require_read_committed() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'audit entries are appended in READ COMMITTED, not in %',
            upper(current_setting('transaction_isolation'))
        using errcode = 'invalid_transaction_state';
    end if;
end
$$;

-- The only way to an entry. It gets its place when the transaction commits: the lock of the chain is then the last
-- one taken, in the order of the organizations, so that nobody who holds it waits for anything but the disk.
create function ops.append_audit_entry(
    organization_id bigint, actor text, action text, subject text, reason text, details jsonb, input_hash text,
    output_hash text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform ops.require_read_committed();
    insert into ops.audit_pending (
        organization_id, actor, action, subject, reason, details, input_hash, output_hash
    )
    values (organization_id, actor, action, subject, reason, details, input_hash, output_hash);
end
$$;

create function ops.chain_audit_entries() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    waiting record;
    head_seq bigint;
    head_hash text;
    now_at timestamptz;
begin
    perform ops.require_read_committed();
    -- the rows of other transactions are never visible; the first of ours brings all of them in
    for waiting in select * from ops.audit_pending order by organization_id, audit_pending_id loop
        perform pg_advisory_xact_lock(hashtextextended('ops.audit_entry', waiting.organization_id));
        select e.seq, e.entry_hash into head_seq, head_hash
        from ops.audit_entry as e
        where e.organization_id = waiting.organization_id
        order by e.seq desc limit 1;
        head_seq := coalesce(head_seq, 0) + 1;
        head_hash := coalesce(head_hash, repeat('0', 64));
        now_at := clock_timestamp();
        insert into ops.audit_entry (
            organization_id, seq, previous_hash, entry_hash, occurred_at, action, input_hash, output_hash, actor,
            subject, reason, details
        )
        values (
            waiting.organization_id, head_seq, head_hash,
            ops.audit_entry_hash(
                waiting.organization_id, head_seq, head_hash, now_at, waiting.action, waiting.input_hash,
                waiting.output_hash
            ),
            now_at, waiting.action, waiting.input_hash, waiting.output_hash, waiting.actor, waiting.subject,
            waiting.reason, waiting.details
        );
    end loop;
    delete from ops.audit_pending;
    return null;
end
$$;

create constraint trigger chain after insert on ops.audit_pending
deferrable initially deferred for each row execute function ops.chain_audit_entries();

create function ops.guard_audit_entry() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'audit entries stay as they are' using errcode = 'restrict_violation';
end
$$;

create trigger guard before update or delete on ops.audit_entry
for each row execute function ops.guard_audit_entry();
create trigger guard_all before truncate on ops.audit_entry
for each statement execute function ops.guard_audit_entry();
-- also where replication has switched ordinary triggers off
alter table ops.audit_entry enable always trigger guard, enable always trigger guard_all;

revoke execute on function ops.chain_audit_entries() from public;
revoke execute on function ops.append_audit_entry(bigint, text, text, text, text, jsonb, text, text) from public;
grant execute on function ops.append_audit_entry(bigint, text, text, text, text, jsonb, text, text)
to sunledger_loader;
grant select on ops.audit_entry to sunledger_loader;

do $$
declare
    tenant_table regclass;
    own text := 'organization_id = core.current_organization_id()';
begin
    foreach tenant_table in array array['ops.audit_entry', 'ops.audit_pending']::regclass[] loop
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

comment on table ops.audit_entry is 'Who did what and why: one hash chain for each organization, never edited.';
comment on table ops.audit_pending is 'Entries of running transactions; seen by nobody else.';

reset role;
