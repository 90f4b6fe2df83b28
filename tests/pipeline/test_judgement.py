"""What judging does to real plants' oddities, and that one bad row never costs its neighbours."""

from datetime import timedelta

import pytest

from tests.pipeline.files import START, csv
from tests.pipeline.oracle import count

BAD = {
    "R101_TS_MISSING": ",P1,5",
    "R102_TS_FORMAT": "yesterday,P1,5",
    "R103_TS_FUTURE": "2099-01-01T00:00:00Z,P1,5",
    "R201_NOT_NUMERIC": "2026-05-01T00:00:00Z,P1,five",
    "R202_NOT_FINITE": "2026-05-01T00:15:00Z,P1,NaN",
    "R301_ENERGY_RANGE": "2026-05-01T00:30:00Z,P1,-90000",
}


def publish():
    from include.pipeline.publish import publish

    return publish()


def test_ten_thousand_rows_with_37_bad_of_six_kinds(ingest, warehouse):
    lines = csv(range(9_963), start=START - timedelta(days=200)).splitlines()
    wanted = {}
    for number, (code, line) in enumerate(list(BAD.items()) * 6 + [("R102_TS_FORMAT", "31st of May,P1,5")]):
        place = 100 + number * 250
        lines.insert(place, line)
        wanted[place] = code
    load = ingest("\n".join(lines) + "\n")
    assert (load["status"], load["rows_in"], load["rows_clean"], load["rows_rejected"]) == (
        "accepted",
        10_000,
        9_963,
        37,
    )
    rows = warehouse.execute("select row_number, codes, original, messages from quarantine.rejected_row").fetchall()
    assert {row["row_number"]: row["codes"] for row in rows} == {place: [code] for place, code in wanted.items()}
    assert all(row["original"]["energy_wh"] and row["messages"] for row in rows)
    codes = load["verdict"]["codes"]
    counted = {code: found["rows"] for code, found in codes.items() if found["severity"] == "reject"}
    assert counted == {code: list(wanted.values()).count(code) for code in BAD}
    publish()
    assert count(warehouse, "canonical.meter_reading") == 9_963


@pytest.mark.parametrize(
    ("energies", "code"),
    [
        ([100] * 96, "W602_FLATLINE"),
        ([0] * 96, None),
        ([-2 + number % 2 for number in range(96)], None),  # night consumption within the tare limit
        ([100 + number for number in range(95)] + [40_000], "R301_ENERGY_RANGE"),
    ],
)
def test_frozen_values_and_spikes_are_flagged_and_night_consumption_is_kept(ingest, warehouse, energies, code):
    load = ingest(csv(energies))
    found = set(load["verdict"]["codes"]) - {"W603_NIGHT_GENERATION"}
    assert found == ({code} if code else set())
    publish()
    assert count(warehouse, "canonical.meter_reading") == 96 - (code == "R301_ENERGY_RANGE")
    assert count(warehouse, "canonical.meter_reading", "energy_wh < 0") == sum(energy < 0 for energy in energies)


def test_generation_at_midnight_is_flagged(ingest):
    load = ingest(csv([5000, 5001, 5002], start=START - timedelta(hours=2)))
    assert load["verdict"]["codes"]["W603_NIGHT_GENERATION"]["rows"] == 3
    assert load["status"] == "accepted"


def test_a_logger_that_stamps_beside_the_grid_passes_but_a_row_that_leaves_its_place_does_not(ingest, warehouse):
    load = ingest(csv(range(100, 130), start=START + timedelta(minutes=1)))
    assert (load["rows_clean"], load["rows_rejected"]) == (30, 0)
    text = csv(range(200, 230), start=START + timedelta(days=2)) + "2026-06-03T10:07:00+00:00,P1,3\n"
    load = ingest(text, "one off.csv")
    assert [*load["verdict"]["codes"]] == ["R107_TS_MISALIGNED"] and load["rows_rejected"] == 1


def test_the_autumn_day_of_a_file_without_offsets_keeps_its_hundred_quarters(ingest, warehouse):
    local = [f"2026-10-25 {hour:02d}:{minute:02d}" for hour in range(24) for minute in (0, 15, 30, 45)]
    local[12:12] = [f"2026-10-25 02:{minute:02d}" for minute in (0, 15, 30, 45)]
    rows = "".join(f"{stamp},P1,{100 + number}\n" for number, stamp in enumerate(local))
    load = ingest("timestamp,site_id,energy_wh\n" + rows)
    assert (load["rows_clean"], load["rows_duplicate"]) == (100, 0)
    publish()
    day = warehouse.execute(
        "select energy_wh, reading_count, slots_expected, data_completeness_percent from canonical.meter_aggregate "
        "where period_type = 'daily'"
    ).fetchone()
    assert tuple(map(float, day.values())) == (sum(range(100, 200)), 100, 100, 100)


def test_kilowatt_hours_in_a_watt_hour_column_are_refused_by_size_not_guessed(ingest):
    load = ingest(csv([20_000_000] * 10))
    assert load["status"] == "held" and "R301_ENERGY_RANGE" in load["verdict"]["codes"]


def test_old_readings_get_their_own_months_and_implausible_ones_get_none(ingest, warehouse):
    before = partitions(warehouse)
    text = csv(range(100, 140), start=START.replace(year=2018, month=1, day=31, hour=20))
    load = ingest(text + "1970-01-01T00:00:00Z,P1,5\n2099-01-01T00:00:00Z,P1,5\n")
    assert (load["rows_clean"], load["rows_rejected"]) == (40, 2)
    publish()
    assert partitions(warehouse) - before == {"meter_reading_2018_01", "meter_reading_2018_02"}
    assert count(warehouse, "canonical.meter_reading_default") == 0


def partitions(warehouse) -> set[str]:
    query = (
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'canonical.meter_reading'::regclass"
    )
    return {row["name"].removeprefix("canonical.") for row in warehouse.execute(query)}


def test_of_rows_that_repeat_a_refused_one_the_next_is_clean(ingest, warehouse):
    """Three rows claim the last interval; the newest of them, which would win, is out of range."""
    content = csv(range(96)).rstrip("\n")
    slot = content.splitlines()[-1].removesuffix("95")
    load = ingest("\n".join([content, f"{slot}97", f"{slot}-90000", ""]))
    assert (load["rows_clean"], load["rows_rejected"], load["rows_duplicate"]) == (96, 1, 1)
    publish()
    stored = warehouse.execute('select energy_wh from canonical.meter_reading order by "timestamp"').fetchall()
    assert [row["energy_wh"] for row in stored] == [*range(95), 97]
