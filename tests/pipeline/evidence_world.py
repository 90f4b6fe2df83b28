"""A broken promise in the warehouse, by SQL: contract, readings, days and event of the unit tests' usual case."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from include.evidence.case import Case
from tests.unit.evidence.cases import EVENT_ID, START, usual

PUBLICATION = 9
EVIDENCE = {
    "breach_period": {"start": "2026-06-01T00:00:00Z", "end": "2026-06-06T00:00:00Z"},
    "meters_involved": [7],
    "aggregate_values": {"shortfall": "5.77"},
    "sample_readings": [],
    "data_hash": None,
    "snapshot_s3_path": None,
}


class World:
    """What was written, and short ways to change it as a superuser."""

    def __init__(self, connection: psycopg.Connection, case: Case) -> None:
        self.connection = connection
        self.case = case

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return self.connection.execute(query, values or None).fetchall()

    def pack(self, event_id: UUID = EVENT_ID) -> dict[str, Any]:
        return self.rows("select * from ops.evidence_pack where default_event_id = %s", event_id)[0]

    def event(self, event_id: UUID = EVENT_ID) -> dict[str, Any]:
        return self.rows("select * from canonical.default_event where default_event_id = %s", event_id)[0]

    def insert(self, table: str, rows: list[Mapping[str, Any]]) -> None:
        """Insert rows; what the table has no column for is left out."""
        found = self.rows(
            "select attname, format_type(atttypid, null) as kind from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            table,
        )
        kinds = {row["attname"]: row["kind"] for row in found}
        for row in rows:
            known = {name: Jsonb(value) if kinds[name] == "jsonb" else value
                     for name, value in _plain(row).items() if name in kinds}  # fmt: skip
            self.connection.execute(
                sql.SQL("insert into {} ({}) values ({})").format(
                    sql.Identifier(*table.split(".")),
                    sql.SQL(", ").join(map(sql.Identifier, known)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(known)),
                ),
                list(known.values()),
            )

    def another_event(self, event_id: UUID, code: str) -> None:
        """The same numbers as another promise's event."""
        obligation = {**self.case.obligation, "obligation_id": 50, "obligation_code": code}
        self.insert("core.obligation", [obligation])
        self.insert("core.obligation_meter", _roles({**obligation}))
        self.insert("canonical.obligation_day", [{**day, "obligation_id": 50} for day in _days(self.case)])
        event = {**_event(self.case), "default_event_id": event_id, "obligation_id": 50, "obligation_code": code}
        self.insert("canonical.default_event", [event])

    def correct_a_reading(self, at: datetime, energy_wh: int) -> None:
        """Late data: a later publication replaces a value and keeps the old one aside."""
        self.insert("ops.publication", [{"publication_id": PUBLICATION + 1, "status": "closed", "builder": "test",
                                         "closed_at": datetime.now(UTC)}])  # fmt: skip
        self.connection.execute(
            """
            insert into canonical.meter_reading_revision
            select organization_id, project_id, meter_id, source_system, external_site_id, external_device_id,
                "timestamp", reading_interval_seconds, energy_wh, energy_total_wh, power_w, irradiance_wm2,
                temperature_c, other_metrics, quality, load_id, row_number, publication_id, ingested_at, 'replaced',
                load_id, row_number, %s, now()
            from canonical.meter_reading where "timestamp" = %s
            """,
            [PUBLICATION + 1, at],
        )
        self.connection.execute(
            'update canonical.meter_reading set energy_wh = %s, publication_id = %s where "timestamp" = %s',
            [energy_wh, PUBLICATION + 1, at],
        )


def build(connection: psycopg.Connection, organization_id: int = 1, case: Case | None = None) -> World:
    """Write the usual case for an organization, with ids that no other organization's case has."""
    case = case or usual()
    world = World(connection, case)
    own = {"organization_id": organization_id, "project_id": 2, "contract_id": 3}
    world.insert("core.organization", [{"organization_id": organization_id, "name": f"Owner {organization_id}"}])
    world.insert("core.project", [{**case.plant, **own, "name": "Plant"}])
    world.insert("core.meter", [{**meter, **own, "name": "M7"} for meter in case.meters])
    world.insert("core.contract", [{**case.contract, **own, "name": "Power for the works", "counterparty": None}])
    world.insert("core.contract_version", [{**case.contract_version, **own}])
    world.insert("core.obligation", [{**case.obligation, **own}])
    world.insert("core.obligation_meter", _roles({**case.obligation, **own}))
    world.insert("core.plant_event", [{**event, **own, "contract_id": None} for event in case.plant_events])
    world.insert("ops.publication", [{"publication_id": PUBLICATION, "status": "closed", "builder": "test",
                                      "closed_at": case.event["detected_at"]}])  # fmt: skip
    world.insert("ops.ingestion_log", [{**load, **own} for load in case.loads])
    connection.execute("select canonical.ensure_partitions(%s, %s)", [START, START + timedelta(days=30)])
    world.insert("canonical.meter_reading", [_reading(line, own) for line in case.readings])
    world.insert("canonical.obligation_day", [{**day, **own} for day in _days(case)])
    world.insert("canonical.default_event", [{**_event(case), **own}])
    # ids that were given here are not given again
    for table, column in (("core.organization", "organization_id"), ("core.project", "project_id")):
        connection.execute("select setval(pg_get_serial_sequence(%s, %s), 1000)", [table, column])
    _audit(organization_id)
    return world


def _audit(organization_id: int) -> None:
    from include.warehouse import audit
    from include.warehouse.database import connect

    who = {"actor": "pipeline", "subject": "load 41", "organization_id": organization_id}
    for action in ("land", "publish", "detect event"):
        with connect() as connection:
            audit.record(connection, action=action, **who)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of computed days hold decimals inside JSON, as texts they survive."""
    return {
        name: json.loads(json.dumps(value, default=str)) if isinstance(value, dict) else value
        for name, value in row.items()
    }


def _roles(obligation: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = ("organization_id", "obligation_id")
    return [{**{name: obligation[name] for name in names}, "meter_id": 7, "role": "measured", "priority": 1}]


def _reading(line: bytes, own: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **json.loads(line), **own, "external_site_id": "S", "external_device_id": "", "load_id": 41,
        "row_number": int(hashlib.sha256(line).hexdigest()[:8], 16), "publication_id": PUBLICATION,
        "ingested_at": datetime.now(UTC),
    }  # fmt: skip


def _days(case: Case) -> list[dict[str, Any]]:
    event = case.event
    own = {name: event[name] for name in ("organization_id", "project_id", "contract_id", "obligation_id")}
    return [{**day, **own, "publication_id": PUBLICATION, "assessed_at": event["detected_at"]} for day in case.days]


def _event(case: Case) -> dict[str, Any]:
    return {**case.event, "meter_ids": [7], "evidence": EVIDENCE, "ld_change": None}


def event_of(connection: psycopg.Connection, organization_id: int) -> UUID:
    """A broken promise of an organization that has a plant already; its pack is still to be built. Once only."""
    case, ids = usual(), range(1000 * organization_id, 1000 * organization_id + 1000)
    world, event_id = World(connection, case), UUID(int=organization_id)
    if world.rows("select from canonical.default_event where default_event_id = %s", event_id):
        return event_id
    plant = world.rows("select min(project_id) as id from core.project where organization_id = %s", organization_id)
    own = {
        "organization_id": organization_id, "project_id": plant[0]["id"], "contract_id": ids[3],
        "contract_version_id": ids[4], "obligation_id": ids[5], "default_event_id": event_id,
    }  # fmt: skip
    world.insert("core.contract", [{**case.contract, **own, "name": "Power", "counterparty": None}])
    world.insert("core.contract_version", [{**case.contract_version, **own}])
    world.insert("core.obligation", [{**case.obligation, **own}])
    world.insert("canonical.default_event", [{**_event(case), **own}])
    return event_id
