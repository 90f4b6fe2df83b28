set local role sunledger_owner;

-- when a load was last sent back to be staged and judged again; a watcher tells by it who is still at work
alter table ops.ingestion_log add column reopened_at timestamptz;

-- a watcher asks every few seconds which of these have become resolvable
create index ingestion_log_rejected_idx on ops.ingestion_log (load_id) where rows_rejected > 0;
create index ingestion_log_billing_idx on ops.ingestion_log (organization_id, reference_version)
where feed = 'billing_read' and (rows_rejected > 0 or verdict -> 'codes' ? 'B601_NO_TARIFF');

reset role;
