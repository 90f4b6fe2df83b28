set local role sunledger_owner;

-- keys may be given the right to read contracts, and to apply them
alter table ops.api_key drop constraint api_key_scopes_check, add constraint api_key_scopes_check check (
    cardinality(scopes) > 0
    and scopes <@ array[
        'meter_data', 'billing_reads', 'reference_data', 'status', 'sites', 'credentials', 'evidence',
        'contracts', 'contracts_read'
    ]
);

reset role;
