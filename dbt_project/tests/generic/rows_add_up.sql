{#- Every load of the publication must bring exactly the rows that judging left: none lost in raw, none twice. -#}
{% test rows_add_up(model, is_billing=false) %}
    select
        loads.load_id,
        loads.rows_in - loads.rows_rejected as expected_row_count,
        count(selected.row_number) as row_count,
        count(distinct selected.row_number) as row_number_count
    from {{ source('ops', 'publication_load') }} as members
    inner join {{ source('ops', 'ingestion_log') }} as loads on members.load_id = loads.load_id
    left join {{ model }} as selected on loads.load_id = selected.load_id
    where
        members.publication_id = {{ open_publication_id() }}
        and (loads.feed = 'billing_read') = {{ is_billing }}
    group by loads.load_id, loads.rows_in, loads.rows_rejected
    having
        count(selected.row_number) <> loads.rows_in - loads.rows_rejected
        or count(distinct selected.row_number) <> loads.rows_in - loads.rows_rejected
{% endtest %}
