-- Evidence as far as results alone give it; what readings add (samples, sources, hashes) preservation completes.
with

periods as (

    select
        periods.*,
        revisions.previous_evidence_hash
    from {{ ref('obligation_period') }} as periods
    inner join {{ ref('int_default_events__revised') }} as revisions using ({{ period_key() }})

),

meters as (

    select
        organization_id,
        obligation_id,
        jsonb_agg(meter_id order by meter_id) filter (where role = 'measured') as meter_ids
    from {{ source('core', 'obligation_meter') }}
    group by organization_id, obligation_id

),

-- numbers with decimals as text, so that they can be hashed
parameters as (

    select
        obligations.organization_id,
        obligations.obligation_id,
        jsonb_object_agg(
            fields.key,
            case
                when fields.value #>> '{}' ~ '^-?[0-9]+\.[0-9]+$' then to_jsonb({{ plain("fields.value #>> '{}'") }})
                else fields.value
            end
        ) as parameters
    from {{ source('core', 'obligation') }} as obligations
    cross join lateral jsonb_each(jsonb_strip_nulls(to_jsonb(obligations.*)) - 'created_at') as fields
    where obligations.obligation_id in (select periods.obligation_id from periods)
    group by obligations.organization_id, obligations.obligation_id

),

terms as (

    select
        parameters.*,
        obligations.clause_ref,
        obligations.title,
        versions.terms_sha256
    from parameters
    inner join {{ source('core', 'obligation') }} as obligations using (organization_id, obligation_id)
    inner join {{ source('core', 'contract_version') }} as versions
        on
            obligations.organization_id = versions.organization_id
            and obligations.contract_version_id = versions.contract_version_id

),

excuses as (

    select
        periods.organization_id,
        periods.contract_id,
        periods.obligation_code,
        periods.period_start_on,
        periods.period_end_on,
        jsonb_agg(jsonb_build_object(
            'event_id', events.plant_event_id,
            'external_event_id', events.external_event_id,
            'type', events.event_class,
            'start', {{ utc_text('events.starts_at') }},
            'end', {{ utc_text('events.ends_at') }},
            'notified_at', {{ utc_text('events.notified_at') }},
            'hours_in_period', {{ plain("round(cast(date_part('epoch', least(events.ends_at, periods.period_end)
                - greatest(events.starts_at, periods.period_start)) as numeric) / 3600, 4)") }},
            'basis', 'excused_classes'
        ) order by events.starts_at, events.plant_event_id) as excused
    from periods
    cross join lateral jsonb_array_elements_text(periods.excused_event_ids) as ids (event_id)
    inner join {{ source('core', 'plant_event') }} as events
        on
            periods.organization_id = events.organization_id
            and cast(ids.event_id as bigint) = events.plant_event_id
    group by {{ period_key('periods') }}

),

money as (

    select
        {{ period_key() }},
        steps.value as cap_step
    from periods
    cross join lateral jsonb_path_query(periods.calculation, '$.steps[*] ? (@.name == "cap")') as steps (value)

),

final as (

    select
        {{ period_key('periods') }},
        coalesce(meters.meter_ids, '[]') as meter_ids,
        jsonb_build_object(
            'schema_version', 1,
            'breach_period', jsonb_build_object(
                'start', {{ utc_text('periods.period_start') }}, 'end', {{ utc_text('periods.period_end') }}
            ),
            'meters_involved', coalesce(meters.meter_ids, '[]'),
            'aggregate_values', jsonb_build_object(
                'expected', {{ plain('coalesce(periods.expected, periods.guaranteed)') }},
                'guaranteed', {{ plain('periods.guaranteed') }},
                'actual', {{ plain('periods.actual') }},
                'counted', {{ plain('periods.counted') }},
                'shortfall', {{ plain('periods.shortfall') }},
                'availability', {{ plain('periods.availability_percent') }},
                'raw_availability', {{ plain('periods.raw_availability_percent') }},
                'unit', periods.unit
            ),
            'sample_readings', cast('[]' as jsonb),
            'data_hash', null,
            'snapshot_s3_path', null,
            'rule', jsonb_build_object(
                'name', periods.metric,
                'version', '{{ var("rule_version") }}',
                'contract_id', periods.contract_id,
                'contract_version_id', periods.contract_version_id,
                'clause_id', periods.obligation_id,
                'clause_version', periods.obligation_version,
                'section_ref', terms.clause_ref,
                'title', terms.title,
                'terms_sha256', terms.terms_sha256,
                'parameters', terms.parameters
            ),
            'period', jsonb_build_object(
                'start', periods.period_start_on, 'end', periods.period_end_on, 'tz', periods.time_zone,
                'type', periods.period_type, 'operating_year', periods.operating_year
            ),
            'inputs', jsonb_build_object(
                'reading_count', periods.measured_slots + periods.estimated_slots,
                'expected_count', periods.slots_expected,
                'completeness_pct', {{ plain('periods.data_completeness_percent') }},
                'by_quality', jsonb_build_object(
                    'measured', periods.measured_slots,
                    'estimated', periods.estimated_slots,
                    'substituted', periods.substituted_slots,
                    'missing', greatest(
                        0,
                        periods.slots_expected - periods.measured_slots - periods.estimated_slots
                        - periods.substituted_slots
                    )
                ),
                'first_ts', null,
                'last_ts', null,
                'source_files', cast('[]' as jsonb)
            ),
            'excused', coalesce(excuses.excused, '[]'),
            'excused_hours_by_class', periods.excused_hours_by_class,
            'calculation', periods.calculation,
            'ld', jsonb_build_object(
                'raw', periods.calculation -> 'ld_exact',
                'before_cap', {{ plain('periods.ld_before_cap') }},
                'cap_amount', {{ plain('periods.ld_cap') }},
                'caps', money.cap_step -> 'inputs',
                'payable', {{ plain('periods.ld_payable') }},
                'currency', periods.currency_code,
                'payment_amount', {{ plain('periods.payment_amount') }},
                'payment_currency', periods.payment_currency_code,
                'fx_rate', {{ plain('periods.fx_rate') }}
            ),
            'hash', null,
            'previous_evidence_hash', periods.previous_evidence_hash,
            'snapshot', null
        ) as evidence
    from periods
    inner join terms
        on periods.organization_id = terms.organization_id and periods.obligation_id = terms.obligation_id
    left join meters
        on periods.organization_id = meters.organization_id and periods.obligation_id = meters.obligation_id
    left join excuses
        on
            periods.organization_id = excuses.organization_id
            and periods.contract_id = excuses.contract_id
            and periods.obligation_code = excuses.obligation_code
            and periods.period_start_on = excuses.period_start_on
            and periods.period_end_on = excuses.period_end_on
    left join money
        on
            periods.organization_id = money.organization_id
            and periods.contract_id = money.contract_id
            and periods.obligation_code = money.obligation_code
            and periods.period_start_on = money.period_start_on
            and periods.period_end_on = money.period_end_on

)

select * from final
