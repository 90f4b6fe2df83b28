set local role sunledger_owner;

-- Who may act for an organization, by the name that the Airflow login gives to a user.
create table core.membership (
    organization_id bigint not null references core.organization (organization_id),
    user_name text not null check (user_name <> ''),
    role text not null check (role in ('viewer', 'member', 'admin', 'owner')),
    created_at timestamptz not null default now(),
    primary key (organization_id, user_name)
);

create index membership_user_name_idx on core.membership (user_name);

-- A request for consent that is under way at a vendor; its answer is taken once.
create table ops.oauth_state (
    jti uuid primary key,
    organization_id bigint not null references core.organization (organization_id),
    user_name text not null,
    source_system text not null,
    label text not null default '',
    redirect_uri text not null,
    -- scheme, host and port of the consent page: where an answer may come from
    issuer_origin text not null,
    -- the PKCE verifier, encrypted like a credential; null where the vendor does not use PKCE
    encrypted_verifier text,
    key_id text,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    consumed_at timestamptz,
    check ((encrypted_verifier is null) = (key_id is null)),
    check (expires_at > created_at and expires_at <= created_at + interval '10 minutes')
);

create index oauth_state_created_at_idx on ops.oauth_state (created_at);

grant select, insert, update, delete on core.membership, ops.oauth_state to sunledger_loader;
grant select on core.membership to sunledger_api;

alter table core.membership enable row level security;
alter table core.membership force row level security;
create policy tenant on core.membership to sunledger_api, sunledger_reader
using (organization_id = core.current_organization_id())
with check (organization_id = core.current_organization_id());
create policy service on core.membership to sunledger_owner, sunledger_loader, sunledger_transformer
using (true) with check (true);

alter table ops.oauth_state enable row level security;
alter table ops.oauth_state force row level security;
create policy tenant on ops.oauth_state to sunledger_api, sunledger_reader
using (organization_id = core.current_organization_id())
with check (organization_id = core.current_organization_id());
create policy service on ops.oauth_state to sunledger_owner, sunledger_loader, sunledger_transformer
using (true) with check (true);

comment on table core.membership is 'Who may act for an organization, and as what.';
comment on table ops.oauth_state is 'Requests for consent under way at a vendor; each is answered once.';

reset role;
