set local role sunledger_owner;

-- Telemetry of Enphase systems as delivered, one row per series or meter and interval; energies are watt-hours and
-- powers watts by the vendor's definition.
create table raw.enphase_reading (
    load_id bigint not null,
    staged_on date not null,
    row_number bigint not null,
    external_site_id text,
    external_device_id text,
    interval_start timestamptz,
    interval_seconds integer,
    energy double precision,
    power double precision,
    devices_reporting integer,
    total_devices integer,
    current_power_w double precision,
    channels json,
    import_wh double precision,
    export_wh double precision,
    consumption_wh double precision,
    quality text,
    unparsed json
) partition by range (staged_on);

create index enphase_reading_load_idx on raw.enphase_reading using brin (load_id);

grant select, insert, delete on raw.enphase_reading to sunledger_loader;
grant select on raw.enphase_reading to sunledger_transformer;

reset role;
