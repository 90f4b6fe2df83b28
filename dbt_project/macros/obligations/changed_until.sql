{#-
The last day whose period a changed day may change: later ones learn from it. Maintenance uses up the allowance of its
contract year, and deemed energy of a month is learnt from the month before.
-#}
{% macro changed_until(day_on, terms) -%}
    greatest(
        {{ day_on }},
        case
            when {{ terms }}.maintenance_hours_per_year is not null
                then
                    {{ contract_year_start(
                        'core.operating_year(' ~ day_on ~ ', ' ~ terms ~ '.year_anchor_on) + 1', terms ~ '.year_anchor_on'
                    ) }} - 1
        end,
        case
            when {{ terms }}.deemed_method = 'interval'
                then cast(date_trunc('month', {{ day_on }}) + interval '2 months - 1 day' as date)
        end
    )
{%- endmacro %}
