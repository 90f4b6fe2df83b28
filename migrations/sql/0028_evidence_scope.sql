set local role sunledger_owner;

-- keys may be given the right to read evidence of broken promises
alter table ops.api_key drop constraint api_key_scopes_check, add constraint api_key_scopes_check check (
    cardinality(scopes) > 0
    and scopes <@ array['meter_data', 'billing_reads', 'reference_data', 'status', 'sites', 'credentials', 'evidence']
);

reset role;
