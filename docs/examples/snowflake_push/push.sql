-- New rows of a table, pushed to Sunledger every 15 minutes. Not tried in an account: adapt names, then test.
-- Needs ACCOUNTADMIN for the integration, and an account that is not on trial.

create network rule sunledger_api mode = egress type = host_port value_list = ('ledger.example:443');

create secret sunledger_key type = generic_string secret_string = 'sl_...';

create external access integration sunledger
    allowed_network_rules = (sunledger_api)
    allowed_authentication_secrets = (sunledger_key)
    enabled = true;

create stage sunledger_code;
-- from a client: put file://handler.py @sunledger_code auto_compress = false overwrite = true;

create stream new_readings on table meter_reading append_only = true;

create table sunledger_outbox (batch_id varchar, row_number integer, reading variant);

create table sunledger_verdict (
    batch_id varchar,
    http_status integer,
    verdict variant,
    stored_at timestamp_ltz default current_timestamp()
);

create procedure sunledger_push()
returns varchar
language python
runtime_version = '3.11'
packages = ('snowflake-snowpark-python', 'requests')
imports = ('@sunledger_code/handler.py')
handler = 'handler.push'
external_access_integrations = (sunledger)
secrets = ('sunledger_key' = sunledger_key)
execute as owner;

-- One statement moves the stream's rows into batches of 50,000, and with them the stream's position.
create task sunledger_collect
    warehouse = your_warehouse
    schedule = '15 minutes'
    when system$stream_has_data('new_readings')
as
insert into sunledger_outbox (batch_id, row_number, reading)
with
    this_run as (select uuid_string() as run_id),
    numbered as (
        select r.*, row_number() over (order by r.site_id, r.device_id, r.reading_at) - 1 as row_number
        from new_readings as r
    )
select
    t.run_id || '-' || lpad(to_varchar(floor(n.row_number / 50000)), 6, '0'),
    n.row_number,
    object_construct(
        -- reading_at is TIMESTAMP_LTZ or TIMESTAMP_TZ here; the name says what a TIMESTAMP_NTZ cannot
        'timestamp', to_char(convert_timezone('UTC', n.reading_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'site_id', n.site_id,
        'device_id', n.device_id,
        'energy_wh', n.energy_wh,
        'interval_seconds', 900
    )
from numbered as n cross join this_run as t;

-- runs after every collection, and by itself when the last push failed
create task sunledger_deliver
    warehouse = your_warehouse
    schedule = '15 minutes'
as call sunledger_push();

alter task sunledger_deliver resume;
alter task sunledger_collect resume;

-- what became of it: refused rows with code, value and remedy
select v.batch_id, v.verdict:status::varchar as status, e.value:row, e.value:code, e.value:value, e.value:remedy
from sunledger_verdict as v, lateral flatten(input => v.verdict:errors, outer => true) as e
order by v.stored_at desc;
