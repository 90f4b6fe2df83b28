set local role sunledger_owner;

-- What an obligation's meter did on one local day; everything here can be added up over days, and nothing is a ratio.
create table canonical.obligation_day (
    organization_id bigint not null,
    project_id bigint not null,
    contract_id bigint not null,
    obligation_id bigint not null,
    meter_id bigint not null,
    day_on date not null,
    day_start timestamptz not null,
    day_end timestamptz not null check (day_end > day_start),
    time_zone text not null,
    -- the series that was read; null where the meter said nothing all day
    source_system text,
    reading_interval_seconds integer not null check (reading_interval_seconds > 0),
    slots_expected bigint not null,
    -- as delivered: with a value that was measured, with one that was estimated by its source
    measured_slots bigint not null,
    estimated_slots bigint not null,
    -- filled in by the contract's substitution order
    substituted_slots bigint not null,
    -- each substituted slot: its start, the method and the energy
    substitutions jsonb not null,
    -- no sensor spoke: the sun's elevation decided, or nobody could tell whether the plant ought to run
    sun_decided_slots bigint not null,
    undecided_slots bigint not null,
    -- hours by category, one category a slot: they add up to the day
    produced_hours numeric(20, 10) not null,
    not_producing_hours numeric(20, 10) not null,
    excused_hours numeric(20, 10) not null,
    no_data_hours numeric(20, 10) not null,
    out_of_specification_hours numeric(20, 10) not null,
    -- excused hours by class, and the plant events behind them
    excused_hours_by_class jsonb not null,
    excused_event_ids jsonb not null,
    -- without any exclusion: hours in which the plant ought to run, and of those in which it did
    raw_hours_expected numeric(20, 10) not null,
    raw_hours_available numeric(20, 10) not null,
    -- plane-of-array irradiation of the hours, Wh/m2: while expected, and of that by category
    expected_irradiation_wh_m2 numeric(20, 8),
    produced_irradiation_wh_m2 numeric(20, 8),
    excused_irradiation_wh_m2 numeric(20, 8),
    no_data_irradiation_wh_m2 numeric(20, 8),
    irradiation_wh_m2 numeric(20, 8),
    -- energy at the contract's boundary, corrected for meter errors, with substituted slots
    energy_wh numeric(24, 8) not null,
    substituted_energy_wh numeric(24, 8) not null,
    correction_wh numeric(24, 8) not null,
    -- what the model says was lost while not producing, and while excused
    lost_energy_wh numeric(24, 8),
    excused_lost_energy_wh numeric(24, 8),
    -- for deemed energy: curtailed slots, and slots from which the next month learns
    deemed_slots bigint not null,
    deemed_irradiance_sum_wm2 numeric(24, 8),
    reference_slots bigint not null,
    reference_energy_wh numeric(24, 8),
    reference_irradiance_sum_wm2 numeric(24, 8),
    -- for the performance ratio, over slots with energy and irradiance: energy, reference yield (kWh/kWp) plain and
    -- corrected for the module temperature
    ratio_energy_wh numeric(24, 8),
    ratio_reference_kwh_per_kwp numeric(24, 12),
    ratio_corrected_kwh_per_kwp numeric(24, 12),
    publication_id bigint not null,
    assessed_at timestamptz not null,
    primary key (organization_id, obligation_id, meter_id, day_on)
);

create index obligation_day_publication_idx on canonical.obligation_day (publication_id);

-- What every promise came to in every period, kept or not; the latest result, with all numbers unrounded.
create table canonical.obligation_period (
    organization_id bigint not null,
    project_id bigint not null,
    contract_id bigint not null,
    contract_version_id bigint not null,
    obligation_id bigint not null,
    obligation_code text not null,
    obligation_version integer not null,
    metric text not null,
    period_type text not null,
    period_start_on date not null,
    period_end_on date not null,
    period_start timestamptz not null,
    period_end timestamptz not null,
    time_zone text not null,
    operating_year integer not null,
    -- running: not over yet, or not settled; void: the terms do not know this period any more
    outcome text not null check (outcome in ('running', 'kept', 'breached', 'inconclusive', 'void')),
    unit text not null,
    expected numeric(38, 18),
    guaranteed numeric(38, 18),
    actual numeric(38, 18),
    deemed numeric(38, 18),
    counted numeric(38, 18),
    shortfall numeric(38, 18),
    hours_expected numeric(20, 10),
    hours_available numeric(20, 10),
    availability_percent numeric(38, 18),
    raw_availability_percent numeric(38, 18),
    energy_availability_percent numeric(38, 18),
    irradiance_availability_percent numeric(38, 18),
    capacity_availability_percent numeric(38, 18),
    energy_kwh numeric(24, 9),
    lost_energy_kwh numeric(24, 9),
    deemed_energy_kwh numeric(24, 9),
    substituted_energy_kwh numeric(24, 9),
    performance_ratio numeric(38, 18),
    corrected_performance_ratio numeric(38, 18),
    capacity_factor_percent numeric(38, 18),
    slots_expected bigint not null,
    measured_slots bigint not null,
    estimated_slots bigint not null,
    substituted_slots bigint not null,
    data_completeness_percent numeric(38, 18),
    usable_percent numeric(38, 18),
    excused_hours numeric(20, 10) not null,
    excused_hours_by_class jsonb not null,
    excused_event_ids jsonb not null,
    ld_before_cap numeric(20, 6),
    ld_cap numeric(20, 6),
    ld_payable numeric(20, 6),
    currency_code text,
    payment_amount numeric(20, 6),
    payment_currency_code text,
    fx_rate numeric(20, 10),
    -- every step from inputs to result, in order, with unrounded and rounded numbers
    calculation jsonb not null,
    publication_id bigint not null,
    assessed_at timestamptz not null,
    primary key (organization_id, contract_id, obligation_code, period_start_on, period_end_on)
);

create index obligation_period_publication_idx on canonical.obligation_period (publication_id);

-- A period to be assessed again although no reading of it came: terms, events, tests or a restatement changed it.
create table ops.reassessment (
    reassessment_id bigint generated by default as identity primary key,
    organization_id bigint not null,
    contract_id bigint not null,
    from_on date not null,
    to_on date not null check (to_on >= from_on),
    reason text not null,
    requested_by text not null,
    requested_at timestamptz not null default now(),
    -- the publication that took it up
    publication_id bigint references ops.publication (publication_id),
    foreign key (organization_id, contract_id) references core.contract (organization_id, contract_id)
);

create index reassessment_waiting_idx on ops.reassessment (contract_id) where publication_id is null;
create index reassessment_publication_idx on ops.reassessment (publication_id);

comment on table canonical.obligation_day is 'Hours and energy of an obligation''s meter by local day; only sums.';
comment on table canonical.obligation_period is 'The result of every promise in every period, kept or not.';
comment on table ops.reassessment is 'Periods to be assessed again because something other than readings changed.';

reset role;
