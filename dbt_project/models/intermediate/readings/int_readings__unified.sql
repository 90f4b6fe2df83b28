{% for feed in var('reading_feeds') %}
select * from {{ ref(feed) }}
{{ 'union all' if not loop.last }}
{% endfor %}
