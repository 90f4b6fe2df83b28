-- New rows of a table, exported hourly as Parquet into Sunledger's bucket. Not tried in an account: adapt, then test.
-- Fill in what Terraform printed. 42 is your organization number.

create storage integration sunledger
    type = external_stage
    storage_provider = 'S3'
    enabled = true
    storage_aws_role_arn = 'arn:aws:iam::111122223333:role/sunledger-snowflake-42'
    storage_allowed_locations = ('s3://sunledger-lake/raw/snowflake/42/');

-- send us STORAGE_AWS_IAM_USER_ARN and STORAGE_AWS_EXTERNAL_ID of this
describe integration sunledger;

create file format sunledger_parquet type = parquet compression = snappy;

create stage sunledger_inbox
    storage_integration = sunledger
    url = 's3://sunledger-lake/raw/snowflake/42/'
    file_format = sunledger_parquet;

create stream new_readings on table meter_reading append_only = true;

create task sunledger_export
    warehouse = your_warehouse
    schedule = '60 minutes'
    when system$stream_has_data('new_readings')
as
copy into @sunledger_inbox
from (
    select
        -- Parquet takes TIMESTAMP_NTZ only; the name of the column says that it is UTC
        convert_timezone('UTC', reading_at)::timestamp_ntz(6) as "TIMESTAMP_UTC",
        site_id as "SITE_ID",
        device_id as "DEVICE_ID",
        energy_wh::number(20, 6) as "ENERGY_WH",
        power_w::number(20, 6) as "POWER_W",
        quality as "QUALITY",
        900 as "INTERVAL_SECONDS"
    from new_readings
)
-- the day's folder; partitioned exports carry the query's id in their names, so no file is ever replaced
partition by (to_varchar(sysdate(), 'YYYY-MM-DD'))
file_format = (format_name = 'sunledger_parquet')
max_file_size = 134217728
header = true;

alter task sunledger_export resume;
