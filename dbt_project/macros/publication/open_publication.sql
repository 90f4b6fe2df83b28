{#-
The publication that is being built, asked for when the query runs: a view that says so stays the same from one
publication to the next. Tables take `open_publication_id`, a literal.
-#}
{% macro open_publication() -%}
    (select opened.publication_id from {{ source('ops', 'publication') }} as opened where opened.status = 'open')
{%- endmacro %}
