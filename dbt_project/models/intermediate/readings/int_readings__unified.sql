{%- for feed in var('reading_feeds') %}
select * from {{ ref(feed) }}
{% if not loop.last %}
union all
{% endif %}
{%- endfor -%}
