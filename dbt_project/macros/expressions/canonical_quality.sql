{#-
The quality that was delivered in our three words. Nothing delivered means measured, or missing where the row carries no
metric at all; a word that nobody knows stays null, and judging refuses it. The usual word is looked for first: it is
quicker to compare than to trim.
-#}
{% macro canonical_quality(delivered, is_without_metric) -%}
    case
        when {{ delivered }} = 'measured' then 'measured'
        else
            case lower(btrim(coalesce({{ delivered }}, '')))
                when '' then case when {{ is_without_metric }} then 'missing' else 'measured' end
                when 'measured' then 'measured'
                when 'estimated' then 'estimated'
                when 'interpolated' then 'estimated'
                when 'missing' then 'missing'
                when 'none' then 'missing'
                when 'null' then 'missing'
            end
    end
{%- endmacro %}
