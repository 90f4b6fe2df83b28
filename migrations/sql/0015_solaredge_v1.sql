set local role sunledger_owner;

-- Stored answers of SolarEdge's withdrawn version 1 bring registers and the inverter's own temperature, and local times
-- without offset; partitions follow their parent.
alter table raw.solaredge_reading
add column energy_total double precision,
add column energy_total_unit text,
add column import_energy_total double precision,
add column export_energy_total double precision,
add column consumption_energy_total double precision,
add column inverter_temperature_c double precision,
add column is_dst_ambiguous boolean;

reset role;
