set local role sunledger_owner;

-- Measurement sets of SMA plants and devices, one row per series and interval. Whether a delivered generation was
-- watts or watt-hours depends on the request, which only the parser knows; so it names the unit in the column.
create table raw.sma_reading (
    load_id bigint not null,
    staged_on date not null,
    row_number bigint not null,
    external_site_id text,
    external_device_id text,
    interval_start timestamptz,
    interval_seconds integer,
    energy_wh double precision,
    power_w double precision,
    irradiance_wm2 double precision,
    temperature_c double precision,
    quality text,
    other_metrics json,
    unparsed json
) partition by range (staged_on);

create index sma_reading_load_idx on raw.sma_reading using brin (load_id);

grant select, insert, delete on raw.sma_reading to sunledger_loader;
grant select on raw.sma_reading to sunledger_transformer;

reset role;
