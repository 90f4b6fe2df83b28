-- Roles are shared by all databases of a cluster, so they are created only where they are missing.
-- The owner cannot log in; services log in as roles that own nothing.
do $$
declare
    service text;
begin
    if not exists (select from pg_roles where rolname = 'sunledger_owner') then
        create role sunledger_owner nologin;
    end if;
    foreach service in array array['loader', 'transformer', 'api', 'reader'] loop
        if not exists (select from pg_roles where rolname = 'sunledger_' || service) then
            execute format('create role %I login nosuperuser nocreatedb nocreaterole nobypassrls', 'sunledger_' || service);
        end if;
        -- a killed client's statement ends within a second instead of holding its locks to the end
        execute format('alter role %I set client_connection_check_interval = %L', 'sunledger_' || service, '1s');
        execute format('alter role %I set timezone = %L', 'sunledger_' || service, 'UTC');
        execute format('alter role %I set idle_in_transaction_session_timeout = %L', 'sunledger_' || service, '10min');
    end loop;
end
$$;

alter role sunledger_api set statement_timeout = '30s';
alter role sunledger_reader set statement_timeout = '5min';
alter role sunledger_loader set lock_timeout = '60s';
alter role sunledger_transformer set lock_timeout = '60s';

grant sunledger_owner to current_user;

revoke create on schema public from public;

create schema core authorization sunledger_owner;
create schema ops authorization sunledger_owner;
create schema raw authorization sunledger_owner;
create schema quarantine authorization sunledger_owner;
create schema canonical authorization sunledger_owner;
create schema staging authorization sunledger_owner;
create schema intermediate authorization sunledger_owner;
create schema marts authorization sunledger_owner;
create schema audit authorization sunledger_owner;

-- dbt creates and replaces relations in these four, and only here
grant create, usage on schema staging, intermediate, marts, audit to sunledger_transformer;

do $$
begin
    execute format('grant temporary on database %I to sunledger_loader, sunledger_transformer', current_database());
end
$$;
