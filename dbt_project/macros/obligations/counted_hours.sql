{#-
What stands above and below the line of a contractual availability. `unit` is a sum by category (`hours`,
`irradiation_wh_m2`); what was excused and what is not known count as the contract says:

  excused    `credit`: available; `exclude_both`: in neither
  no data    `available`: available; `unavailable`: expected only; `exclude`: in neither, and so does what
             `substitute` found no substitute for
-#}
{% macro counted_available(unit) -%}
    produced_{{ unit }}
    + case when excused_method = 'credit' then excused_{{ unit }} else 0 end
    + case when missing_policy = 'available' then no_data_{{ unit }} else 0 end
{%- endmacro %}

{% macro counted_expected(unit) -%}
    produced_{{ unit }}
    + not_producing_{{ unit }}
    + case when excused_method = 'credit' then excused_{{ unit }} else 0 end
    + case when missing_policy in ('available', 'unavailable') then no_data_{{ unit }} else 0 end
{%- endmacro %}
