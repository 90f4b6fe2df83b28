set local role sunledger_owner;

-- when a load was last sent back to be staged and judged again; a watcher tells by it who is still at work
alter table ops.ingestion_log add column reopened_at timestamptz;
-- when a person let the held load pass; it is not held again when its rows have to be judged again
alter table ops.ingestion_log add column released_at timestamptz;

-- a load whose object cannot be read any more leaves the open publication
grant delete on ops.publication_load to sunledger_loader;

-- a watcher asks every few seconds which of these have become resolvable
create index ingestion_log_rejected_idx on ops.ingestion_log (load_id) where rows_rejected > 0;
create index ingestion_log_billing_idx on ops.ingestion_log (organization_id, reference_version)
where feed = 'billing_read' and (rows_rejected > 0 or verdict -> 'codes' ? 'B601_NO_TARIFF');

reset role;
