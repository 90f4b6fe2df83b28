{% for feed in var('reading_feeds') %}
select * from {{ ref(feed) }} -- noqa: AM04
{{ 'union all' if not loop.last }}
{% endfor %}
