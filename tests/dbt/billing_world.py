"""Contracts, lines, tariffs and staged billing reads, made by plain SQL in a world without the pipeline before it."""

import hashlib
import json
from datetime import date

from psycopg import sql

from tests.dbt.world import World


class Billing:
    """One contract of one plant, with lines and staged reads."""

    def __init__(self, world: World, time_zone: str = "UTC") -> None:
        self.world = world
        self.organization = world.organization()
        self.project = world.project(self.organization, time_zone=time_zone)
        world.value("select core.ensure_billing_periods('2025-01-01', '2027-12-31')")
        self.contract = self.insert(
            "core.contract", "contract_id", project_id=self.project, external_contract_id="C-1", name="PPA",
            currency_code="USD",
        )  # fmt: skip
        self._lines = 0
        self._loads = 0

    def insert(self, table: str, key: str, **columns) -> int:
        return self.world._insert(table, key, organization_id=self.organization, **columns)

    def line(self, name: str | None, meter: int | None = None, **columns) -> int:
        self._lines += 1
        return self.insert(
            "core.contract_line", "contract_line_id", contract_id=self.contract, external_line_id=name, meter_id=meter,
            **{"line_number": self._lines, **columns},
        )  # fmt: skip

    def tariff(self, key: str, valid_from: date | None, valid_to: date | None, rate: str = "0.1", **columns) -> int:
        return self.insert(
            "core.tariff", "tariff_id", tariff_group_key=key, name=key, valid_from_on=valid_from, valid_to_on=valid_to,
            base_rate=rate, currency_code="USD", **columns,
        )  # fmt: skip

    def load(self, *rows: dict, adapter: str = "cbe", source: str = "snowflake", status: str = "accepted") -> int:
        """A staged and judged load of billing reads; rows name raw columns."""
        self._loads += 1
        key = hashlib.sha256(f"billing {self._loads}".encode()).hexdigest()
        load = self.world.value(
            "insert into ops.ingestion_log (organization_id, source_system, feed, status, content_key, sha256, "
            "size_bytes, lake_key, original_name, staged_on, rows_in, rows_clean, rows_rejected, rows_duplicate, "
            "hints) values (%s, %s, 'billing_read', %s, %s, %s, 1, 'k', 'n', current_date, %s, %s, 0, 0, %s) "
            "returning load_id",
            self.organization, source, status, key, key, len(rows), len(rows), json.dumps({"adapter": adapter}),
        )  # fmt: skip
        self.restage(load, *rows)
        return load

    def restage(self, load: int, *rows: dict) -> None:
        """Put other rows in the place of a load's, as a replay does, and send it to the next publication."""
        connection = self.world.connection
        connection.execute("select raw.ensure_partition('billing_read', current_date)")
        connection.execute("delete from raw.billing_read where load_id = %s", [load])
        connection.execute("update ops.ingestion_log set status = 'accepted' where load_id = %s", [load])
        for number, row in enumerate(rows, start=1):
            filled = {"energy_category": "metered", "tariff_group_key": row.get("external_line_id"), **row}
            statement = sql.SQL(
                "insert into raw.billing_read (load_id, staged_on, row_number, {}) values (%s, current_date, %s, {})"
            ).format(
                sql.SQL(", ").join(map(sql.Identifier, filled)),
                sql.SQL(", ").join([sql.Placeholder()] * len(filled)),
            )
            values = [json.dumps(value) if isinstance(value, dict) else value for value in filled.values()]
            connection.execute(statement, [load, number, *values])

    def versions(self) -> list[dict]:
        return self.world.rows(
            "select r.*, l.external_line_id from canonical.billing_read as r inner join core.contract_line as l "
            "on r.billed_line_id = l.contract_line_id order by billed_line_id, bill_on, r.load_id, row_number, "
            "publication_id"
        )

    def months(self) -> list[dict]:
        return self.world.rows(
            "select * from canonical.meter_aggregate where basis = 'billing' order by billed_line_id, period_start, "
            "meter_id"
        )

    def profiled(self, load: int) -> list[dict]:
        return self.world.rows(
            "select * from intermediate.int_billing__profiled where load_id = %s order by row_number", load
        )


def read(line: str | None, on: str, opening: float | None = None, closing: float | None = None, **columns) -> dict:
    """A row as the ERP adapter stages it."""
    return {
        "external_line_id": line, "bill_on": on, "opening_reading": opening, "closing_reading": closing, **columns,
    }  # fmt: skip
