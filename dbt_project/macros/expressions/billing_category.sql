{#-
What a billing read is about: `metered` or `available` energy, or `test`, which is no energy.

The ERP writes a word for each row: two of them mean energy, none or n/a means no energy, any other text is a metered
product. Other adapters write our words, and an unknown one stays null, which judging refuses. Where the delivery has no
such column the contract line decides, unless the product is one that never is energy.
-#}
{% macro billing_category(word, adapter, product, line_category) -%}
    case
        when {{ word }} is null and lower({{ product }}) ~ '{{ [
            'minimum offtake', 'bess capacity', 'o&m service', 'equipment lease', 'diesel', 'fixed monthly rental',
            'esa lease', 'penalty', 'correction', 'inverter energy', 'early operating'
        ] | join('|') }}' then 'test'
        when {{ word }} is null then coalesce({{ line_category }}, 'metered')
        when {{ word }} in ('metered', 'available') then {{ word }}
        when {{ adapter }} = 'cbe' and {{ word }} in ('', 'n/a', 'na') then 'test'
        when {{ adapter }} = 'cbe' then 'metered'
        when {{ word }} = 'test' then 'test'
    end
{%- endmacro %}
