set local role sunledger_owner;

-- A reference between two rows of tenants compares the organization too. Services write for all tenants, so nothing
-- else would keep a wrong id from tying one tenant's row to another's, or from telling by its error that it exists.
alter table ops.ingestion_log add unique (organization_id, load_id);
alter table ops.integration_site add unique (organization_id, integration_site_id);

alter table ops.ingestion_log
drop constraint ingestion_log_integration_site_id_fkey,
drop constraint ingestion_log_duplicate_of_fkey,
drop constraint ingestion_log_corrects_load_id_fkey,
add foreign key (organization_id, integration_site_id)
references ops.integration_site (organization_id, integration_site_id),
add foreign key (organization_id, duplicate_of) references ops.ingestion_log (organization_id, load_id),
add foreign key (organization_id, corrects_load_id) references ops.ingestion_log (organization_id, load_id);

alter table ops.validation_result
drop constraint validation_result_load_id_fkey,
add foreign key (organization_id, load_id) references ops.ingestion_log (organization_id, load_id);

alter table ops.inbox_object
drop constraint inbox_object_load_id_fkey,
add foreign key (organization_id, load_id) references ops.ingestion_log (organization_id, load_id);

alter table ops.idempotent_request
drop constraint idempotent_request_load_id_fkey,
add foreign key (organization_id, load_id) references ops.ingestion_log (organization_id, load_id);

alter table ops.announced_upload
drop constraint announced_upload_load_id_fkey,
add foreign key (organization_id, load_id) references ops.ingestion_log (organization_id, load_id);

alter table ops.api_key
drop constraint api_key_replaced_by_id_fkey,
add foreign key (organization_id, replaced_by_id) references ops.api_key (organization_id, api_key_id);

alter table quarantine.rejected_row
drop constraint rejected_row_load_id_fkey,
add foreign key (organization_id, load_id) references ops.ingestion_log (organization_id, load_id);

alter table core.tariff
drop constraint tariff_supersedes_tariff_id_fkey,
add foreign key (organization_id, supersedes_tariff_id) references core.tariff (organization_id, tariff_id);

-- A partition does not know its parent's policies, so nobody may name it; readings are reached through the parent.
do $$
declare
    partition regclass;
begin
    for partition in
        select c.oid::regclass from pg_class as c
        where c.relispartition and c.relkind = 'r' and c.relnamespace in ('core'::regnamespace, 'ops'::regnamespace,
                'quarantine'::regnamespace, 'canonical'::regnamespace)
    loop
        execute format(
            'revoke all on %s from sunledger_loader, sunledger_transformer, sunledger_api, sunledger_reader', partition
        );
    end loop;
end
$$;

-- the watch over readings that found no month
grant select on canonical.meter_reading_default to sunledger_loader, sunledger_transformer;

-- Publications and their loads are those of all tenants: a tenant may know which publication is final, and no more.
revoke select on ops.publication, ops.publication_load from sunledger_api, sunledger_reader;
grant select (publication_id, status, opened_at, closed_at) on ops.publication to sunledger_api, sunledger_reader;

reset role;
