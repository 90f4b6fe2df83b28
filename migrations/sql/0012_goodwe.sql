set local role sunledger_owner;

-- Readings of GoodWe stations and inverters: quarter hours made from minute samples, snapshots of registers, and the
-- energy of whole days as intervals of 86,400 s.
create table raw.goodwe_reading (
    load_id bigint not null,
    staged_on date not null,
    row_number bigint not null,
    external_site_id text,
    external_device_id text,
    interval_start timestamptz,
    interval_seconds integer,
    energy double precision,
    energy_unit text,
    energy_total double precision,
    energy_total_unit text,
    power double precision,
    power_unit text,
    quality text,
    other_metrics json,
    unparsed json
) partition by range (staged_on);

create index goodwe_reading_load_idx on raw.goodwe_reading using brin (load_id);

grant select, insert, delete on raw.goodwe_reading to sunledger_loader;
grant select on raw.goodwe_reading to sunledger_transformer;

reset role;
