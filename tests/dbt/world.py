"""A warehouse without the pipeline before it: master data, staged loads and publications, made by plain SQL."""

import hashlib
import itertools
import json
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from include.pipeline import dbt
from include.pipeline.publish import OF_CONTRACTS
from include.warehouse import judged, raw
from include.warehouse.publications import concern_contracts
from tests import warm

TENANT_TABLES = (
    "core.organization, ops.ingestion_log, ops.publication, ops.retired_month, ops.restatement_decision, "
    "raw.file_reading, raw.solaredge_reading, raw.judged_reading, quarantine.rejected_row, canonical.meter_reading, "
    "canonical.meter_reading_revision, "
    "canonical.meter_aggregate, canonical.late_reading, canonical.restatement_proposal, raw.billing_read, "
    "canonical.billing_read, core.exchange_rate, canonical.obligation_day, canonical.obligation_period"
)
VALUES = "energy_wh, energy_total_wh, power_w, irradiance_wm2, temperature_c, other_metrics, quality"
# any warning fails, except that dbt-postgres has no word for uuid
BUILD = ("build", "--exclude-resource-type", "unit_test", "--no-write-json")
STRICT = ("--warn-error-options", '{"error": "all", "silence": ["TypeCodeNotFound"]}')


class World:
    """Fills a migrated database and builds publications in it."""

    def __init__(self, connection: psycopg.Connection, runner) -> None:
        self.connection = connection
        self.runner = runner
        self._keys = itertools.count(1)

    def empty(self) -> None:
        """Forget everything but the schema; default events refuse it, so for this once no trigger fires."""
        self.connection.execute("set session_replication_role = replica")
        self.connection.execute(f"truncate {TENANT_TABLES} restart identity cascade")
        self.connection.execute("reset session_replication_role")

    def rows(self, query: str, *values) -> list[dict]:
        return self.connection.execute(query, values or None).fetchall()

    def value(self, query: str, *values):
        return next(iter(self.rows(query, *values)[0].values()))

    def organization(self, name: str = "Solar One") -> int:
        return self.value("insert into core.organization (name) values (%s) returning organization_id", name)

    def project(self, organization: int, name: str = "Plant", time_zone: str = "UTC", **columns) -> int:
        return self._insert(
            "core.project", "project_id", organization_id=organization, name=name, time_zone=time_zone, **columns
        )

    def meter(self, project: int, device: str = "", site: str = "S1", source: str = "manual", **columns) -> int:
        """A meter with the device that feeds it."""
        organization = self.value("select organization_id from core.project where project_id = %s", project)
        meter = self._insert(
            "core.meter",
            "meter_id",
            organization_id=organization,
            project_id=project,
            **{"name": f"{site}/{device}", **columns},
        )
        self.device(meter, device, site, source)
        return meter

    def device(self, meter: int, device: str, site: str = "S1", source: str = "manual") -> None:
        self.connection.execute(
            "insert into core.meter_device (organization_id, meter_id, source_system, external_site_id, "
            "external_device_id) select organization_id, meter_id, %s, %s, %s from core.meter where meter_id = %s",
            [source, site, device, meter],
        )

    def load(
        self,
        rows: list[dict],
        *,
        organization: int = 1,
        source: str = "manual",
        feed: str = "file_reading",
        status: str = "accepted",
    ) -> int:
        """A staged and judged load; rows name raw columns, an unset interval is a quarter-hour."""
        key = hashlib.sha256(str(next(self._keys)).encode()).hexdigest()
        load = self.value(
            "insert into ops.ingestion_log (organization_id, source_system, feed, status, content_key, sha256, "
            "size_bytes, lake_key, original_name, staged_on, rows_in, rows_clean, rows_rejected, rows_duplicate, "
            "data_start_at, data_end_at) values (%s, %s, %s, %s, %s, %s, 1, 'k', 'n', current_date, %s, %s, 0, 0, "
            "%s, %s) returning load_id",
            organization,
            source,
            feed,
            status,
            key,
            key,
            len(rows),
            len(rows),
            min((row["interval_start"] for row in rows if row.get("interval_start")), default=None),
            max((row["interval_start"] for row in rows if row.get("interval_start")), default=None),
        )
        self.connection.execute("select raw.ensure_partition(%s, current_date)", [feed])
        for number, row in enumerate(rows, start=1):
            filled = {"external_site_id": "S1", "interval_seconds": 900, **row}
            columns = ["load_id", "staged_on", "row_number", *filled]
            values = [load, datetime.now().astimezone().date(), number, *map(_plain, filled.values())]
            self.connection.execute(
                sql.SQL("insert into {} ({}) values (%s, current_date, {})").format(
                    sql.Identifier("raw", feed),
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.SQL(", ").join([sql.Placeholder()] * (len(values) - 2)),
                ),
                [values[0], *values[2:]],
            )
        if feed != "billing_read":
            self.work_out(load)
        return load

    def work_out(self, load: int) -> None:
        """Keep the readings of a load for its publication, as judging does."""
        today = datetime.now().astimezone().date()
        raw.ensure_partition(self.connection, judged.READINGS, today)
        columns = self.rows(
            "select attname from pg_attribute where attrelid = 'raw.judged_reading'::regclass and attnum > 0"
        )
        here = judged.place(judged.READINGS, today)
        judged.work_out(
            self.connection, here, "int_readings__profiled", {column["attname"] for column in columns}, [load], today
        )

    def reject(self, load: int, row_number: int, code: str) -> None:
        """Move a row to quarantine, as judging does, with its accounting."""
        self.connection.execute(
            "insert into quarantine.rejected_row (load_id, row_number, organization_id, codes, messages, original) "
            "select load_id, %s, organization_id, array[%s], array['m'], '{}' from ops.ingestion_log "
            "where load_id = %s",
            [row_number, code, load],
        )
        self.connection.execute(
            "update ops.ingestion_log set rows_clean = rows_clean - 1, rows_rejected = rows_rejected + 1 "
            "where load_id = %s",
            [load],
        )

    def open(self, *loads: int) -> int:
        publication = self.value("insert into ops.publication (builder) values ('test') returning publication_id")
        for load in loads:
            self.connection.execute("insert into ops.publication_load values (%s, %s)", [publication, load])
        self.connection.execute(
            "select canonical.ensure_partitions(min(data_start_at), max(data_end_at)) from ops.ingestion_log "
            "where load_id = any(%s) having min(data_start_at) is not null",
            [list(loads)],
        )
        return publication

    def close(self) -> None:
        self.connection.execute(
            "with members as (select load_id from ops.publication_load join ops.publication using (publication_id) "
            "where status = 'open') update ops.ingestion_log set status = 'published' where load_id in "
            "(select load_id from members)"
        )
        self.connection.execute("update ops.publication set status = 'closed', closed_at = now() where status = 'open'")

    def build(self, *arguments: str) -> None:
        """What a publication builds: without the models of contracts where there are none."""
        self.build_everything(*self._choice(), *arguments)

    def build_everything(self, *arguments: str) -> None:
        """One `dbt build` in this process; fails the test with the message of the first failed node."""
        outcome = self.runner.invoke([*BUILD, *arguments, *_place(), "--quiet", *STRICT])
        failed = [f"{r.node.name}: {r.message}" for r in outcome.result or [] if r.status in {"error", "fail"}]
        assert outcome.success, failed or outcome.exception

    def publish(self, *loads: int, is_tested: bool = True) -> int:
        publication = self.open(*loads)
        self.build(*([] if is_tested else ["--exclude-resource-type", "test"]))
        self.close()
        return publication

    def start_build(self) -> warm.Program:
        """The same build as a process of its own, to be killed; it finds what parsing the project gave."""
        target = Path(os.environ["DBT_TARGET_PATH"])
        own = target.with_name(f"{target.name}_child")
        own.mkdir(exist_ok=True)
        shutil.copyfile(target / "partial_parse.msgpack", own / "partial_parse.msgpack")
        command = [*BUILD, *self._choice(), *_place(), "--quiet"]
        return warm.Program(
            "-c", "from dbt.cli.main import cli; cli()", *command, env={**os.environ, "DBT_TARGET_PATH": str(own)}
        )

    def readings(self, columns: str = VALUES) -> list[dict]:
        return self.rows(
            f'select meter_id, "timestamp", reading_interval_seconds, source_system, load_id, {columns} '
            "from canonical.meter_reading order by 1, 2, 3, 4"
        )

    def digest(self, table: str, order: str, without: tuple[str, ...] = ()) -> str:
        """SHA-256 over all rows of a table, without the named columns; `xmin` tells whether a row was written."""
        rows = self.rows(f"select xmin::text, * from {table} order by {order}")
        kept = [[str(v) for k, v in row.items() if k not in without] for row in rows]
        return hashlib.sha256(json.dumps(kept).encode()).hexdigest()

    def _choice(self) -> tuple[str, ...]:
        return () if concern_contracts(self.connection) else ("--exclude", OF_CONTRACTS)

    def _insert(self, table: str, key: str, **columns) -> int:
        return self.value(
            sql.SQL("insert into {} ({}) values ({}) returning {}").format(
                sql.Identifier(*table.split(".")),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
                sql.Identifier(key),
            ),
            *columns.values(),
        )


def quarters(start: datetime, count: int, energy: float = 10, **columns) -> list[dict]:
    """Consecutive quarter-hour rows with energy in Wh."""
    return [
        {"interval_start": start + timedelta(minutes=15) * number, "energy": energy, **columns}
        for number in range(count)
    ]


def _place() -> list[str]:
    return ["--project-dir", str(dbt.PROJECT_DIR), "--profiles-dir", str(dbt.PROJECT_DIR)]


def _plain(value):
    return json.dumps(value) if isinstance(value, dict) else value


def artifacts(folder: Path) -> list[Path]:
    """Every file that dbt left below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def days(world: World) -> dict:
    """Energy by meter and local day, as analysts read it."""
    rows = world.rows("select * from marts.fct_energy_daily order by meter_id, day_on")
    return {(row["meter_id"], row["day_on"]): row for row in rows}
