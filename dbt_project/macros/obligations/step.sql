{#-
One step of a calculation as JSON. `inputs` are numbers by name, `facts` are values that are JSON already; what is null
is left out. A step is rounded only for display, unless `rounded` says how the contract rounds it.
-#}
{% macro step(name, formula, inputs, result, rounded=none, facts={}) -%}
    jsonb_build_object(
        'name', '{{ name }}',
        'formula', {{ formula if formula.startswith('case ') else "'" ~ formula ~ "'" }},
        'inputs', jsonb_strip_nulls(jsonb_build_object(
            {%- for input, value in inputs.items() %}
            '{{ input }}', {{ plain(value) }}{{ ',' if not loop.last or facts }}
            {%- endfor %}
            {%- for input, value in facts.items() %}
            '{{ input }}', {{ value }}{{ ',' if not loop.last }}
            {%- endfor %}
        )),
        'unrounded', {{ plain(result) }},
        'rounded', {{ plain(rounded or 'round(' ~ result ~ ', 2)') }}
    )
{%- endmacro %}
