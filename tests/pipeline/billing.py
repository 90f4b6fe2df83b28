"""A contract of the test plant, and ERP rows for its lines."""

import json
from typing import Any

from psycopg import sql

LINE = {"METERED_AVAILABLE": "Metered", "QUANTITY_UNIT": "KWH", "CONTRACT_CURRENCY": "USD"}


def contract(warehouse, organization: int, **columns: Any) -> int:
    """A contract in dollars of the organization's plant."""
    project = warehouse.execute("select project_id from core.project where organization_id = %s", [organization])
    values = {
        "organization_id": organization, "project_id": project.fetchone()["project_id"], "external_contract_id": "C-1",
        "name": "PPA", "currency_code": "USD",
    }  # fmt: skip
    return _insert(warehouse, "core.contract", "contract_id", **values | columns)


def line(warehouse, contract_id: int, name: str, number: int = 1, **columns: Any) -> int:
    """A line of a contract, without a meter unless one is named."""
    owner = warehouse.execute("select organization_id from core.contract where contract_id = %s", [contract_id])
    return _insert(
        warehouse, "core.contract_line", "contract_line_id", organization_id=owner.fetchone()["organization_id"],
        contract_id=contract_id, line_number=number, external_line_id=name, **columns,
    )  # fmt: skip


def meter(warehouse, name: str = "M1") -> int:
    """The id of a meter of the test plant."""
    return warehouse.execute("select meter_id from core.meter where name = %s", [name]).fetchone()["meter_id"]


def row(line_name: str, on: str, opening: Any, closing: Any, **cells: Any) -> dict[str, Any]:
    """One row as the ERP writes it."""
    return {
        **LINE, "CONTRACT_LINE_UNIQUE_ID": line_name, "BILL_DATE": on, "OPENING_READING": opening,
        "CLOSING_READING": closing, **cells,
    }  # fmt: skip


def push(
    organization: int,
    rows: list[dict[str, Any]] | bytes,
    adapter: str = "cbe",
    name: str = "billing.json",
    **hints: Any,
) -> dict[str, Any]:
    """Bring rows through land, stage and judge; returns the ledger row."""
    from include.pipeline.land import land_billing
    from include.pipeline.process import process

    content = rows if isinstance(rows, bytes) else json.dumps({"readings": rows}).encode()
    landed = land_billing(
        content, name=name, organization_id=organization, source_system="snowflake", adapter=adapter,
        hints=hints,
    )  # fmt: skip
    return process(landed["load_id"])


def codes(warehouse, load: dict[str, Any]) -> dict[int, list[str]]:
    """Row number -> codes of the refused rows of a load."""
    found = warehouse.execute(
        "select row_number, codes from quarantine.rejected_row where load_id = %s order by 1", [load["load_id"]]
    )
    return {row["row_number"]: sorted(row["codes"]) for row in found}


def _insert(warehouse, table: str, key: str, **columns: Any) -> int:
    statement = sql.SQL("insert into {} ({}) values ({}) returning {} as id").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        sql.Identifier(key),
    )
    return warehouse.execute(statement, list(columns.values())).fetchone()["id"]
