{#- Parameters of an obligation that decide what its slots and days are. -#}
{% macro slot_terms() -%}
    {{ return([
        'metric', 'loss_factor', 'expected_performance_ratio', 'expected_from', 'irradiance_min_wm2',
        'sun_elevation_min_deg', 'power_min_w', 'power_min_share', 'downtime_basis', 'excused_classes',
        'excused_method', 'maintenance_notice_days', 'force_majeure_notice_days', 'category_priority',
        'missing_policy', 'substitute_order', 'substitute_loss_factor', 'is_temperature_corrected',
        'temperature_coefficient_per_c', 'reference_temperature_c', 'deemed_classes', 'deemed_irradiance_min_wm2'
    ]) }}
{%- endmacro %}
