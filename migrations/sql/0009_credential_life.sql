set local role sunledger_owner;

-- What a credential can do now. Only an active one is used; each other state says what a person has to do.
alter table ops.integration_credential
add column state text not null default 'active'
check (state in ('active', 'consent_pending', 'consent_lost', 'reauth_required', 'refused', 'disabled')),
add column token_refreshed_at timestamptz,
-- after this instant nothing renews the token any more: the owner must connect again
add column renewable_until timestamptz,
-- when the owner of the plants is asked again whether access was granted
add column consent_check_due_at timestamptz,
add column created_by text,
add column updated_at timestamptz not null default now();

update ops.integration_credential set state = 'disabled'
where not is_active;
alter table ops.integration_credential drop column is_active;
alter table ops.integration_credential
add column is_active boolean not null generated always as (state = 'active') stored;

-- Calls are counted per account, or per application where the vendor counts them so.
drop table ops.api_usage;
create table ops.api_usage (
    account text not null,
    span text not null check (span in ('minute', 'month')),
    started_at timestamptz not null,
    calls integer not null default 0,
    primary key (account, span, started_at)
);

-- The chunk that failed last and holds the mark back.
alter table ops.integration_site
add column failed_from timestamptz,
add column failed_until timestamptz;

-- How many records each key of the ring has encrypted; a key is replaced long before 2^32.
create table ops.vault_key (
    key_id text primary key,
    encryptions bigint not null default 0,
    first_used_at timestamptz not null default now()
);

grant select, insert, update on ops.api_usage, ops.vault_key to sunledger_loader;
grant select on ops.api_usage, ops.vault_key to sunledger_transformer;

reset role;
