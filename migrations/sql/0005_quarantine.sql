set local role sunledger_owner;

-- Every row that judging refused, with all its codes and the cells as they were delivered.
create table quarantine.rejected_row (
    load_id bigint not null references ops.ingestion_log (load_id),
    row_number bigint not null,
    organization_id bigint not null,
    codes text[] not null check (cardinality(codes) > 0),
    messages text[] not null,
    original jsonb not null,
    -- open: refused; released: a person let it pass, with a reason
    status text not null default 'open' check (status in ('open', 'released')),
    released_by text,
    released_reason text,
    released_at timestamptz,
    rejected_at timestamptz not null default now(),
    primary key (load_id, row_number),
    check ((status = 'released') = (released_by is not null and released_reason <> '' and released_at is not null))
);

create index rejected_row_codes_idx on quarantine.rejected_row using gin (codes);

comment on table quarantine.rejected_row is 'Rows that were refused, with codes, messages and the original cells.';

reset role;
