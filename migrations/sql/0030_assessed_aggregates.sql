set local role sunledger_owner;

-- Availability, losses and ratios of a meter's hours, days and months, by the promise that speaks for the meter.
alter table canonical.meter_aggregate
add column assessed_obligation_id bigint,
add column hours_available numeric(20, 10),
add column hours_expected numeric(20, 10),
add column availability_percent numeric(20, 10),
add column raw_availability_percent numeric(20, 10),
add column energy_availability_percent numeric(20, 10),
add column irradiance_availability_percent numeric(20, 10),
add column excused_hours numeric(20, 10),
add column no_data_hours numeric(20, 10),
add column lost_energy_kwh numeric(20, 10),
add column poa_irradiation_wh_m2 numeric(20, 10),
add column performance_ratio numeric(20, 10),
add column corrected_performance_ratio numeric(20, 10),
add column capacity_factor_percent numeric(20, 10);

reset role;
