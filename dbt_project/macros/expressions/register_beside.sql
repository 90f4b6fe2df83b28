{#-
The register reading of a meter next before or after an instant, no farther away than registers may bridge a gap; one
lookup, which touches the partitions of that time only.
-#}
{% macro register_beside(relation, side, instant) -%}
    (
        select
            beside."timestamp" as read_at,
            beside.source_system,
            beside.reading_interval_seconds,
            beside.energy_wh,
            beside.energy_total_wh
        from {{ ref('meter_reading') }} as beside
        where
            beside.organization_id = {{ relation }}.organization_id
            and beside.meter_id = {{ relation }}.meter_id
            and beside.energy_total_wh is not null
            {%- if side == '<' %}
            and beside."timestamp" < {{ instant }}
            and beside."timestamp" >= {{ instant }} - interval '{{ var("register_gap_days") }} days'
        order by beside."timestamp" desc, beside.load_id desc
            {%- else %}
            and beside."timestamp" >= {{ instant }}
            and beside."timestamp" < {{ instant }} + interval '{{ var("register_gap_days") }} days'
        order by beside."timestamp", beside.load_id desc
            {%- endif %}
        limit 1
    )
{%- endmacro %}
