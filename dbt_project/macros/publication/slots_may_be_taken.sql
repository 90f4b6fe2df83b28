{#- Whether meter_reading may hold a reading in a slot for which the open publication brings one. -#}
{% macro slots_may_be_taken() -%}
    {%- set spans -%}
        select
            organization_id,
            meter_id,
            min(first_start) as first_at,
            max(last_start) as last_at
        from {{ ref('int_half_days__delivered') }}
        where publication_id = {{ open_publication() }}
        group by organization_id, meter_id, date_trunc('month', first_start, 'UTC')
    {%- endset -%}
    {{ return(holds_any(
        stored_readings(), '"timestamp"', spans, publication_time_ranges('stored."timestamp"')
    )) }}
{%- endmacro %}
