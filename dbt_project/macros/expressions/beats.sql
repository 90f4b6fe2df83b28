{#-
Whether a candidate takes the slot of a stored reading: better quality, or the same quality and not older. A row that is
read again (another parser, a mended mapping) replaces what was made of it before.
-#}
{% macro beats(candidate, stored) -%}
    (
        {{ candidate }}.quality_rank < {{ quality_rank(stored ~ '.quality') }}
        or (
            {{ candidate }}.quality_rank = {{ quality_rank(stored ~ '.quality') }}
            and ({{ candidate }}.load_id, {{ candidate }}.row_number) >= ({{ stored }}.load_id, {{ stored }}.row_number)
        )
        or ({{ candidate }}.load_id, {{ candidate }}.row_number) = ({{ stored }}.load_id, {{ stored }}.row_number)
    )
{%- endmacro %}
