set local role sunledger_owner;

-- Billing reads as delivered; dates without zone, because a bill names a day. Energy is in quantity_unit.
create table raw.billing_read (
    load_id bigint not null,
    staged_on date not null,
    row_number bigint not null,
    external_line_id text,
    external_meter_id text,
    line_number bigint,
    meter_id bigint,
    contract_line_id bigint,
    billing_period_id bigint,
    tariff_id bigint,
    tariff_group_key text,
    bill_on date,
    period_start_on date,
    opening_reading double precision,
    closing_reading double precision,
    utilized_reading double precision,
    discount_reading double precision,
    sourced_energy double precision,
    total_production double precision,
    available_energy double precision,
    register_modulus double precision,
    quantity_unit text,
    energy_category text,
    product_desc text,
    currency_code text,
    external_reading_id text,
    source_metadata json,
    unparsed json
) partition by range (staged_on);

create index billing_read_load_idx on raw.billing_read using brin (load_id);

-- How many changes of reference data a load of billing reads saw before its rows were resolved.
alter table ops.ingestion_log add column reference_version bigint;

-- The financial record: what was billed, every version of it. A version is never changed; a later one supersedes it.
create table canonical.billing_read (
    organization_id bigint not null,
    project_id bigint not null,
    contract_id bigint not null,
    -- the line that the delivery names, and the line with the meter: itself or its child
    billed_line_id bigint not null,
    contract_line_id bigint not null,
    meter_id bigint,
    billing_period_id bigint not null,
    tariff_id bigint,
    bill_on date not null,
    period_start timestamptz not null,
    period_end timestamptz not null check (period_end > period_start),
    time_zone text not null,
    energy_category text not null check (energy_category in ('metered', 'available', 'test')),
    product_desc text,
    currency_code text,
    opening_reading_kwh numeric(20, 6),
    closing_reading_kwh numeric(20, 6),
    utilized_reading_kwh numeric(20, 6),
    discount_reading_kwh numeric(20, 6) not null,
    sourced_energy_kwh numeric(20, 6) not null,
    total_production_kwh numeric(20, 6) not null,
    energy_kwh numeric(20, 6),
    available_energy_kwh numeric(20, 6),
    source_system text not null,
    external_reading_id text,
    source_metadata jsonb not null,
    load_id bigint not null,
    row_number bigint not null,
    publication_id bigint not null,
    ingested_at timestamptz not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz,
    superseded_by_load_id bigint,
    superseded_by_row_number bigint,
    -- replaced: by a later read of the line and period; moved: the same row now belongs to another line or period
    supersede_reason text check (supersede_reason in ('replaced', 'moved')),
    primary key (organization_id, billed_line_id, billing_period_id, load_id, row_number, publication_id),
    check (num_nonnulls(superseded_at, superseded_by_load_id, superseded_by_row_number, supersede_reason) in (0, 4)),
    -- one version counts; checked at commit, because a build inserts the new one before it closes the old one
    constraint billing_read_one_current exclude using btree (
        organization_id with =, billed_line_id with =, billing_period_id with =
    ) where (superseded_at is null) deferrable initially deferred
);

create index billing_read_load_idx on canonical.billing_read (load_id, row_number);

-- Monthly rows of bills beside our own roll-up of intervals. A billed line may have no meter, so the key takes 0 in
-- place of each id that a row does not have; dbt compares the same expressions.
alter table canonical.meter_aggregate drop constraint meter_aggregate_pkey;
alter table canonical.meter_aggregate
alter column meter_id drop not null,
alter column reading_interval_seconds drop not null,
alter column reading_count drop not null,
alter column measured_count drop not null,
alter column estimated_count drop not null,
alter column slots_expected drop not null,
alter column data_completeness_percent drop not null,
alter column usable_percent drop not null,
add column basis text not null default 'interval',
add column billed_line_id bigint,
add column contract_line_id bigint,
add column billing_period_id bigint,
add column tariff_id bigint,
add column energy_category text,
add column opening_reading_kwh numeric(20, 6),
add column closing_reading_kwh numeric(20, 6),
add column utilized_reading_kwh numeric(20, 6),
add column discount_reading_kwh numeric(20, 6),
add column sourced_energy_kwh numeric(20, 6),
add column total_production_kwh numeric(20, 6),
add column available_energy_kwh numeric(20, 6),
add constraint meter_aggregate_basis check (
    (
        basis = 'interval'
        and num_nulls(
            meter_id, reading_interval_seconds, reading_count, measured_count, estimated_count, slots_expected,
            data_completeness_percent, usable_percent
        ) = 0
        and num_nonnulls(billed_line_id, contract_line_id, billing_period_id) = 0
    )
    or (
        basis = 'billing' and period_type = 'monthly'
        and num_nulls(billed_line_id, contract_line_id, billing_period_id) = 0
    )
);

create unique index meter_aggregate_key on canonical.meter_aggregate (
    organization_id, coalesce(meter_id, 0), period_type, period_start, coalesce(billed_line_id, 0),
    coalesce(billing_period_id, 0)
);
create index meter_aggregate_meter_idx on canonical.meter_aggregate (
    organization_id, meter_id, period_type, period_start
);

comment on table canonical.billing_read is 'Billing reads, all versions; superseded_at is null on the one that counts.';

grant select, insert, delete on raw.billing_read to sunledger_loader;
grant select on raw.billing_read to sunledger_transformer;
grant select on canonical.billing_read to sunledger_loader, sunledger_api, sunledger_reader;
grant select, insert, update on canonical.billing_read to sunledger_transformer;

alter table canonical.billing_read enable row level security;
alter table canonical.billing_read force row level security;
create policy tenant on canonical.billing_read to sunledger_api, sunledger_reader
using (organization_id = core.current_organization_id()) with check (organization_id = core.current_organization_id());
create policy service on canonical.billing_read to sunledger_owner, sunledger_loader, sunledger_transformer
using (true) with check (true);

reset role;
