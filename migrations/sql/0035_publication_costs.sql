-- Statistics are asked for with every load and every table of a build. 9,000 rows of a sample say as much to the
-- planner as 30,000, for a quarter of the cost, and reading the sample cost the more the more a day or month held.
-- Autovacuum goes on sampling more.
alter role sunledger_loader set default_statistics_target = 30;
alter role sunledger_transformer set default_statistics_target = 30;

set local role sunledger_owner;

-- What data tests held by reading all aggregates after every publication, constraints hold as rows are written.
alter table canonical.meter_aggregate
add constraint meter_aggregate_shares check (
    basis <> 'interval' or (data_completeness_percent between 0 and 100 and usable_percent between 0 and 100)
),
add constraint meter_aggregate_hours check (
    assessed_obligation_id is null
    or coalesce(
        hours_available between 0 and hours_expected
        and availability_percent is not distinct from
        round(100 * round(3600 * hours_available) / nullif(round(3600 * hours_expected), 0), 10),
        false
    )
);

-- few rows are of bills, and whoever looks for them would read every hour of every meter
create index meter_aggregate_billed_idx on canonical.meter_aggregate (
    organization_id, billed_line_id, billing_period_id
) where basis = 'billing';

reset role;
