{#- Classes of plant events during which a plant stands still, unless they excuse it. -#}
{% macro outage_classes() -%}
    cast('{forced_outage, corrective_maintenance, scheduled_maintenance, requested_shutdown, suspended, owner_caused, grid_outage, force_majeure}' as text[])
{%- endmacro %}
