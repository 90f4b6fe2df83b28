"""What the programs of `tests.warm` would import themselves, for the most part: libraries and ours."""
# ruff: noqa: F401 -- imported for others

import os

# Airflow reads its settings in the process that becomes it
os.environ["_AIRFLOW__AS_LIBRARY"] = "1"

import adbc_driver_postgresql.dbapi
import airflow.api_fastapi.core_api.security
import airflow.api_fastapi.execution_api.app
import airflow.api_fastapi.execution_api.routes
import airflow.api_fastapi.execution_api.versions
import airflow.cli.commands.dag_command
import airflow.dag_processing.bundles.local
import airflow.dag_processing.collection
import airflow.dag_processing.dagbag
import airflow.providers.standard.decorators.python
import airflow.providers.standard.sensors.external_task
import airflow.sdk.execution_time.supervisor
import airflow.serialization.serialized_objects
import alembic.command
import cosmos.operators.watcher
import dbt.cli.main
import great_expectations.expectations.core
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
import sqlalchemy.dialects.postgresql.psycopg
import uvicorn

import include.api.app
import include.cli.app
import include.orchestration.dbt
import include.pipeline.extract
import include.pipeline.inbox
import include.pipeline.publish
import include.triggers.inbox
