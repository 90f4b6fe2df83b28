set local role sunledger_owner;

alter table ops.integration_site
-- when the newest sync began; while it runs, and after it was killed, its status is `pending`
add column last_sync_started_at timestamptz,
-- how many syncs in a row ended because the vendor does not know the site
add column consecutive_gone integer not null default 0;

create index ingestion_log_site_idx on ops.ingestion_log (integration_site_id, received_at)
where integration_site_id is not null;

reset role;

-- No statement of the pipeline waits for ever; the longest copy or judgement takes minutes.
alter role sunledger_loader set statement_timeout = '25min';
