{#-
From damages to what is payable, as JSON steps: what each cap allows and what was used of it before. They are the part
of a calculation that a change of an earlier period changes.
-#}
{% macro steps_of_money(claims) -%}
    jsonb_build_array(
        {{ step(
            'cap',
            'the smallest of each cap less what periods before used of it, rounded down',
            {
                'period_cap': claims ~ '.period_cap',
                'year_cap': claims ~ '.year_cap', 'used_in_year': claims ~ '.year_used',
                'lifetime_cap': claims ~ '.lifetime_cap', 'used_in_lifetime': claims ~ '.lifetime_used',
                'contract_year_cap': claims ~ '.contract_year_cap',
                'used_in_contract_year': claims ~ '.contract_year_used',
                'contract_lifetime_cap': claims ~ '.contract_lifetime_cap',
                'used_in_contract_lifetime': claims ~ '.contract_lifetime_used', 'contract_year': claims ~ '.cap_year'
            },
            claims ~ '.ld_cap', claims ~ '.ld_cap'
        ) }},
        {{ step(
            'payable', 'the smaller one of damages and cap',
            {'damages': claims ~ '.ld_before_cap', 'cap': claims ~ '.ld_cap'},
            claims ~ '.ld_payable_exact', claims ~ '.ld_payable'
        ) }},
        {{ step(
            'payment',
            'case when ' ~ claims ~ ".exact_rate is null then 'the exchange rate of the day is missing' else 'payable before rounding x exchange rate' end",
            {'exchange_rate': claims ~ '.exact_rate'},
            claims ~ '.ld_payable_exact * ' ~ claims ~ '.exact_rate', claims ~ '.payment_amount',
            {
                'currency': 'to_jsonb(' ~ claims ~ '.currency_code)',
                'payment_currency': 'to_jsonb(' ~ claims ~ '.payment_currency_code)',
                'rate_on': 'to_jsonb(' ~ claims ~ '.fx_rate_on)'
            }
        ) }}
    )
{%- endmacro %}
