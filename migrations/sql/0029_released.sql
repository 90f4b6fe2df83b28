set local role sunledger_owner;

-- when a person let the held load pass; it is not held again when its rows have to be judged again
alter table ops.ingestion_log add column released_at timestamptz;

-- a load whose object cannot be read any more leaves the open publication
grant delete on ops.publication_load to sunledger_loader;

reset role;
