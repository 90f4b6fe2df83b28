{#- What a result says of its period, in order, with the types that its table stores. -#}
{% macro period_columns() -%}
    {%- set columns = {} -%}
    {%- set groups = [
        ('bigint', ['organization_id', 'project_id', 'contract_id', 'contract_version_id', 'obligation_id']),
        ('text', ['obligation_code']),
        ('integer', ['obligation_version']),
        ('text', ['metric', 'period_type']),
        ('date', ['period_start_on', 'period_end_on']),
        ('timestamptz', ['period_start', 'period_end']),
        ('text', ['time_zone']),
        ('integer', ['operating_year']),
        ('text', ['outcome', 'unit']),
        ('numeric(38, 18)', ['expected', 'guaranteed', 'actual', 'deemed', 'counted', 'shortfall']),
        ('numeric(20, 10)', ['hours_expected', 'hours_available']),
        ('numeric(38, 18)', [
            'availability_percent', 'raw_availability_percent', 'energy_availability_percent',
            'irradiance_availability_percent', 'capacity_availability_percent'
        ]),
        ('numeric(24, 9)', ['energy_kwh', 'lost_energy_kwh', 'deemed_energy_kwh', 'substituted_energy_kwh']),
        ('numeric(38, 18)', ['performance_ratio', 'corrected_performance_ratio', 'capacity_factor_percent']),
        ('bigint', ['slots_expected', 'measured_slots', 'estimated_slots', 'substituted_slots']),
        ('numeric(38, 18)', ['data_completeness_percent', 'usable_percent']),
        ('numeric(20, 10)', ['excused_hours']),
        ('jsonb', ['excused_hours_by_class', 'excused_event_ids']),
        ('numeric(20, 6)', ['ld_before_cap', 'ld_cap', 'ld_payable']),
        ('text', ['currency_code']),
        ('numeric(20, 6)', ['payment_amount']),
        ('text', ['payment_currency_code']),
        ('numeric(20, 10)', ['fx_rate']),
        ('jsonb', ['calculation'])
    ] -%}
    {%- for type, names in groups -%}
        {%- for name in names -%}
            {%- do columns.update({name: type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}
