"""Snowflake's Parquet exports, from the inbox to published sums that are exact to a millionth of a watt-hour."""

import itertools
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.pipeline.conftest import PLANT
from tests.pipeline.oracle import count
from tests.pipeline.snowflake import COLUMNS, PART, local_day, part, rows, utc

ZONE = "Europe/Berlin"
NTZ, NTZ_MILLIS = pa.timestamp("us"), pa.timestamp("ms")
LTZ, TZ = pa.timestamp("us", tz="UTC"), pa.timestamp("ms", tz="America/Los_Angeles")
DAY = datetime(2025, 6, 1)


@pytest.fixture
def client(warehouse) -> int:
    """An organization whose plant in Berlin is known by Snowflake exports."""
    return register()


def register(column_map: dict | None = None, site: str = "P1", name: str = PLANT["organization"]) -> int:
    from include.pipeline import registration

    meters = [{"name": "M1", "devices": [{"source": "snowflake", "site": site}]}]
    document = {"organization": name, "projects": [{**PLANT["projects"][0], "meters": meters}]}
    if column_map:
        document["column_maps"] = {"snowflake": column_map}
    return registration.apply(document)["organization_id"]


@pytest.fixture(params=["folder", "s3"])
def drop(request, client, monkeypatch):
    """Put a file where clients put them: into the drop folder, or under the prefix of a bucket."""
    from include.core import settings
    from include.lake.store import Lake

    if request.param == "s3":
        monkeypatch.setenv("LAKE_URL", request.getfixturevalue("s3_lake"))

    def put(content: bytes, name: str, export: str = "2025-06-02/01b2c3") -> None:
        if request.param == "s3":
            lake = Lake()
            lake.fs.pipe_file(f"{lake.root}/raw/snowflake/{client}/{export}/{name}", content)
            return
        path = settings.inbox_dir() / "snowflake" / str(client) / export / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return put


@pytest.fixture
def take(warehouse):
    """Bring one part through land, stage and judge; returns the ledger row."""
    from include.pipeline.land import land_file
    from include.pipeline.process import process

    def bring(organization: int, content: bytes, name: str = PART.format(0)) -> dict:
        load = land_file(content, name=name, organization_id=organization, source_system="snowflake")
        return process(load["load_id"])

    return bring


def pick_up() -> dict[str, int]:
    from include.pipeline.inbox import pick_up
    from include.pipeline.process import process_all

    return process_all(pick_up())


def published(warehouse) -> list[dict]:
    from include.pipeline.publish import publish

    publish()
    return readings(warehouse)


def readings(warehouse, organization: int | None = None) -> list[dict]:
    return warehouse.execute(
        """
        select "timestamp" as at, energy_wh, power_w, quality from canonical.meter_reading
        where %(organization)s::bigint is null or organization_id = %(organization)s order by 1
        """,
        {"organization": organization},
    ).fetchall()


def total_wh(given) -> Decimal:
    return sum((row["ENERGY_KWH"] * 1000 for row in given), Decimal())


def codes(load: dict) -> dict[str, int]:
    return {code: found["rows"] for code, found in load["verdict"]["codes"].items() if found["severity"] != "warn"}


def test_an_export_in_parts_is_published_exactly(drop, warehouse):
    given = rows(utc(DAY, 192))
    drop(part(given[:100], LTZ), PART.format(0))
    drop(part(given[100:], LTZ), PART.format(1))
    drop(part([], LTZ), PART.format(2))
    assert pick_up() == {"accepted": 2, "empty": 1}
    assert pick_up() == {}
    found = published(warehouse)
    assert [row["at"] for row in found] == [row["READING_TIMESTAMP"] for row in given]
    assert sum(row["energy_wh"] for row in found) == total_wh(given)
    assert [row["energy_wh"] for row in found] == [row["ENERGY_KWH"] * 1000 for row in given]
    assert [row["power_w"] for row in found] == [row["POWER_KW"] * 1000 for row in given]
    empty = warehouse.execute("select code from ops.ingestion_log where status = 'empty'").fetchone()
    assert empty["code"] == "F001_EMPTY"


def test_the_same_export_again_is_known_and_a_later_one_corrects(drop, warehouse):
    given = rows(utc(DAY, 8))
    drop(part(given, LTZ), PART.format(0))
    assert pick_up() == {"accepted": 1}
    published(warehouse)
    drop(part(given, LTZ), PART.format(0), "2025-06-03/04d5e6")
    assert pick_up() == {"duplicate": 1}
    given[3]["ENERGY_KWH"] += Decimal("0.000000001")
    drop(part(given, LTZ), PART.format(0), "2025-06-04/07f8a9")
    assert pick_up() == {"accepted": 1}
    assert sum(row["energy_wh"] for row in published(warehouse)) == total_wh(given)
    assert count(warehouse, "canonical.meter_reading") == 8


def test_every_type_of_time_is_the_instant_it_names_without_a_zone_that_of_the_plant(take, warehouse):
    """One client for each type, and one publication."""
    wall, instants = local_day(DAY, ZONE)
    zoned = dict.fromkeys((LTZ, pa.timestamp("ms", tz="UTC"), TZ), instants)
    clients = {}
    for moment, times in {**zoned, NTZ: wall, NTZ_MILLIS: wall}.items():
        clients[moment] = register(name=str(moment))
        load = take(clients[moment], part(rows(times), moment))
        assert (load["status"], load["rows_clean"]) == ("accepted", 96), moment
    assert len(published(warehouse)) == 5 * 96
    for moment, client in clients.items():
        assert [row["at"] for row in readings(warehouse, client)] == instants, moment


def test_both_days_of_the_clock_change_are_complete(take, warehouse):
    """A column map declares the zone; the repeated hour is told apart by the order of the rows."""
    days = (datetime(2025, 3, 30), 92), (datetime(2025, 10, 26), 100)
    expected = {}
    for moment, (day, intervals) in itertools.product((NTZ, NTZ_MILLIS), days):
        client = register({"time_zone": ZONE}, name=f"{moment} {day}")
        wall, instants = local_day(day, ZONE)
        given = rows(wall)
        load = take(client, part(given, moment))
        assert (load["rows_in"], load["rows_clean"], codes(load)) == (intervals, intervals, {}), moment
        expected[client] = instants, given
    assert len(published(warehouse)) == 2 * (92 + 100)
    for client, (instants, given) in expected.items():
        found = readings(warehouse, client)
        assert [row["at"] for row in found] == instants
        assert [row["energy_wh"] for row in found] == [row["ENERGY_KWH"] * 1000 for row in given]
        day_row = warehouse.execute(
            "select energy_wh, reading_count, data_completeness_percent from canonical.meter_aggregate "
            "where period_type = 'daily' and organization_id = %s",
            [client],
        ).fetchone()
        assert (day_row["energy_wh"], day_row["reading_count"]) == (total_wh(given), len(given))
        assert day_row["data_completeness_percent"] == 100


def test_times_without_a_zone_wait_until_their_site_is_mapped_to_a_plant(take, warehouse):
    client = register(site="other")
    wall, instants = local_day(DAY, ZONE)
    load = take(client, part(rows(wall), NTZ))
    assert load["rows_clean"] == 0
    assert codes(load) == {"R501_SITE_UNMAPPED": 96}, "the zone comes with the plant, so that is what is lacking"
    waiting = warehouse.execute("select distinct unparsed ->> 'READING_TIMESTAMP' as cell from raw.file_reading")
    assert "R108_TS_NO_ZONE" in waiting.fetchone()["cell"]
    register()
    assert [row["at"] for row in published(warehouse)] == instants


def test_times_in_utc_without_a_zone_are_declared_by_name(take, warehouse):
    """In the column's own name, or in the column map."""
    instants = utc(DAY, 96)
    maps = {"READING_TIMESTAMP_UTC": None, "TS": {"columns": {"TS": "timestamp_utc"}}}
    clients = [register(column_map, name=name) for name, column_map in maps.items()]
    for name, client in zip(maps, clients, strict=True):
        given = rows([at.replace(tzinfo=None) for at in instants], name)
        assert take(client, part(given, NTZ, name))["rows_clean"] == 96, name
    published(warehouse)
    for client in clients:
        assert [row["at"] for row in readings(warehouse, client)] == instants


def test_a_column_map_names_the_columns_of_the_client(take, warehouse):
    own = {"MP_LABEL": "site_id", "E_DELIVERED": "energy_mwh", "VON": "timestamp_utc", "ENERGY_KWH": None}
    client = register({"columns": own, "interval_seconds": 900})
    given = [
        {"VON": at, "MP_LABEL": "P1", "E_DELIVERED": Decimal(1_000_000 + i).scaleb(-9)}
        for i, at in enumerate(utc(DAY, 4))
    ]
    content = part(given, LTZ, "VON", MP_LABEL=pa.string(), E_DELIVERED=pa.decimal128(38, 12))
    assert take(client, content)["rows_clean"] == 4
    assert [row["energy_wh"] for row in published(warehouse)] == [row["E_DELIVERED"] * 10**6 for row in given]


def test_epoch_seconds_and_small_decimals_are_read_too(client, take, warehouse):
    instants = utc(DAY, 4)
    given = rows([Decimal(int(at.timestamp())) for at in instants], ENERGY_KWH=Decimal("1.5"))
    schema = {"READING_TIMESTAMP": pa.decimal128(38, 0), "ENERGY_KWH": pa.decimal128(4, 1)}
    table = pa.Table.from_pylist(
        given, schema=pa.schema({**schema, **{n: t for n, t in COLUMNS.items() if n not in schema}})
    )
    assert take(client, as_file(table, store_decimal_as_integer=True))["rows_clean"] == 4
    assert [(row["at"], row["energy_wh"]) for row in published(warehouse)] == [(at, 1500) for at in instants]


def test_a_bad_row_is_kept_with_its_cells_and_its_neighbours_are_published(client, take, warehouse):
    given = rows(utc(DAY, 24))
    given[3]["ENERGY_KWH"] = Decimal(-5000)
    given[7] |= {"ENERGY_KWH": None, "POWER_KW": None, "TEMPERATURE_C": None, "QUALITY": "missing"}
    given[9]["READING_TIMESTAMP"] = None
    load = take(client, part(given, LTZ))
    assert (load["status"], load["rows_clean"], codes(load)) == (
        "accepted",
        22,
        {"R301_ENERGY_RANGE": 1, "R101_TS_MISSING": 1},
    )
    refused = warehouse.execute("select row_number, original from quarantine.rejected_row order by 1").fetchall()
    assert [row["row_number"] for row in refused] == [4, 10]
    assert Decimal(refused[0]["original"]["ENERGY_KWH"]) == -5000
    found = {row["at"]: row for row in published(warehouse)}
    missing = found[given[7]["READING_TIMESTAMP"]]
    assert (missing["quality"], missing["energy_wh"]) == ("missing", None)


def test_an_export_without_column_names_is_refused_with_what_to_do(client, take):
    """`HEADER = FALSE`, which Snowflake takes by default, names the columns _COL_0, _COL_1 and so on."""
    table = pa.table({f"_COL_{number}": [1.5, 2.5] for number in range(4)})
    load = take(client, as_file(table))
    assert (load["status"], load["code"]) == ("rejected", "F007_HEADER")
    assert "_COL_0" in load["message"] and load["remedy"]


def as_file(table: pa.Table, **options) -> bytes:
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy", **options)
    return sink.getvalue().to_pybytes()
