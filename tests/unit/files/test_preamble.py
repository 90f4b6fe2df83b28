"""What stands above and around the table: preambles, comments, units, separators at the end of lines."""

import pytest

from include.core.errors import ConfigurationError, FileRejected
from tests.unit.files.conftest import codes

T1, T2, T3 = "2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"
ROWS = f"{T1};1,5\n{T2};2,5\n{T3};3,5\n"
TABLE = "Zeitstempel;Ertrag\n" + ROWS


def energies(rows):
    assert [row["row_number"] for row in rows] == [1, 2, 3]
    assert not codes(rows)
    return [row["energy"] for row in rows]


@pytest.mark.parametrize(
    "preamble",
    [
        "",
        "\n\n",
        "sep=;\n",
        "SEP=;\r\n",
        '"sep=;"\n',
        "# exported by a logger\n# zone: UTC; unit: kWh\n",
        "#\n\n# more; than; enough; fields\n\n",
        "Plant report\nRoof North\n\nPeriod;2026-01-01\n",
        "Plant report;\nPower;100 kW\nTime zone;UTC\n;\n",
        'Owner: "Sun, Moon & Co\nmade 2026-01-01, 10:00\n',
        "sep=;\nRoof North, 100 kWp, east\n# note\n",
        ";WR 1\n",
        "".join(f"line {number}\n" for number in range(20)),
    ],
)
def test_lines_above_the_header_are_passed(rows_of, preamble):
    assert energies(rows_of(preamble + TABLE)) == [1.5, 2.5, 3.5]


def test_more_free_text_than_that_is_refused(rows_of):
    with pytest.raises(FileRejected, match="header_row") as rejected:
        rows_of("".join(f"line {number}\n" for number in range(21)) + TABLE)
    assert rejected.value.code == "F007_HEADER"


def test_declared_header_row_goes_before_any_search(rows_of):
    content = "timestamp;energy\nold;table\n\n" + TABLE
    assert energies(rows_of(content, header_row=4)) == [1.5, 2.5, 3.5]
    assert energies(rows_of("line\n" * 300 + TABLE, header_row=301)) == [1.5, 2.5, 3.5]
    with pytest.raises(FileRejected, match="no line 99"):
        rows_of(content, header_row=99)
    with pytest.raises(ConfigurationError):
        rows_of(content, header_row=0)


def test_header_may_be_written_as_a_comment(rows_of):
    assert energies(rows_of("# by a logger\n#Zeitstempel;Ertrag\n" + ROWS)) == [1.5, 2.5, 3.5]


def test_first_line_that_is_a_header_stays_the_header(rows_of):
    rows = rows_of(f"timestamp,power\nbroken\n{T1},1\ntime,energy\n{T2},2\n")
    assert [row["power"] for row in rows] == [None, 1, None, 2]
    assert codes(rows)[1] == {"row": "R203_FIELD_COUNT"}
    assert codes(rows)[3] == {"timestamp": "R102_TS_FORMAT", "power": "R201_NOT_NUMERIC"}


def test_line_of_words_that_is_narrower_than_the_table_is_no_header(rows_of):
    content = "Report;\nTime;Energy\n" + "".join(f"{at};A;B;1\n" for at in (T1, T2))
    with pytest.raises(FileRejected, match="F007_HEADER"):
        rows_of(content)


def test_separator_is_the_one_that_makes_a_header(rows_of):
    assert energies(rows_of("Zeit;Energie\n" + ROWS))
    assert energies(rows_of('"Energy, AC, total";x;Zeit;Ertrag\n' + ROWS.replace("2026", "a;b;2026")))


@pytest.mark.parametrize(
    ("row", "unit"),
    [
        ("[dd.MM.yyyy HH:mm];[Wh]", "Wh"),
        (";kWh", "kWh"),
        ("dd.MM.yyyy;(MWh)", "MWh"),
        ("UTC;[kWh]", "kWh"),
        ("-;[BTU]", "BTU"),
    ],
)
def test_units_below_the_header_belong_to_their_columns(rows_of, row, unit):
    rows = rows_of(TABLE.replace("\n", f"\n{row}\n", 1))
    assert energies(rows) == [1.5, 2.5, 3.5]
    assert {row["energy_unit"] for row in rows} == {unit}


def test_units_below_the_header_are_used_like_those_in_it(rows_of):
    rows = rows_of(f"ts,ghi,temp,power,note\n,kW/m²,°F,kW,text\n{T1},0.5,212,7,x\n", units={"power": "W"})
    assert (rows[0]["irradiance_wm2"], rows[0]["temperature_c"], rows[0]["power_unit"]) == (500, 100, "kW")


@pytest.mark.parametrize(
    ("shape", "month"),
    [("[dd/MM/yyyy HH:mm]", 2), ("(MM/dd/yyyy)", 1), ("TT/MM/JJJJ", 2), ("jj/mm/aaaa", 2), ("gg/mm/aa", 2)],
)
def test_date_format_below_the_header_declares_the_order(rows_of, shape, month):
    content = f"ts,power\n{shape},W\n01/02/2026 00:00,1\n"
    assert rows_of(content, time_zone="UTC")[0]["interval_start"].month == month
    assert rows_of(content, time_zone="UTC", date_order="DMY")[0]["interval_start"].month == 2


@pytest.mark.parametrize(
    ("header", "month"),
    [("Datum [dd/MM/yyyy HH:mm]", 2), ("Date (MM/DD/YYYY)", 1), ("Datum (TT/MM/JJJJ)", 2), ("Data (gg/mm/aaaa)", 2)],
)
def test_date_format_in_the_header_declares_the_order(rows_of, header, month):
    content = f"{header},power\n01/02/2026 00:00,1\n"
    assert rows_of(content, time_zone="UTC")[0]["interval_start"].month == month


def test_utc_below_the_header_is_the_zone(rows_of):
    content = "ts,power\nUTC,W\n2026-07-01 12:00,1\n"
    assert rows_of(content, time_zone="Europe/Berlin")[0]["interval_start"].hour == 12


def test_units_that_contradict_the_header_are_refused(rows_of):
    with pytest.raises(FileRejected, match=r"says Wh.*says kWh"):
        rows_of(f"ts,energy_wh\n,kWh\n{T1},1\n")
    assert rows_of(f"ts,energy_kwh\n,[KWH]\n{T1},1\n")[0]["energy_unit"] == "kWh"


@pytest.mark.parametrize("row", [f"{T1},kWh", ",12", ",(12)", ",12 kWh", "Total,", ",", "1767225600,[kWh]", ",n/a"])
def test_first_row_of_data_is_never_taken_for_units(rows_of, row):
    assert len(rows_of(f"ts,energy\n{row}\n{T1},1\n")) == 2


@pytest.mark.parametrize(
    ("header", "end"), [("Zeitstempel;Ertrag;", ";"), ("Zeitstempel;Ertrag", ";"), ("Zeitstempel;Ertrag;", "")]
)
def test_separator_at_the_end_of_lines_is_no_column(rows_of, header, end):
    rows = rows_of(header + "\n" + ROWS.replace("\n", f"{end}\n"))
    assert energies(rows) == [1.5, 2.5, 3.5]
    assert not any(row["other_metrics"] for row in rows)


def test_value_behind_the_separator_at_the_end_breaks_its_row(rows_of):
    rows = rows_of(f"ts,site,power\n{T1},A,1,\n{T2},A,2, \n{T3},A,3,\n{T3},A,B,4\n{T3},5,\n{T3},C,6,\n")
    assert codes(rows) == {4: {"row": "R203_FIELD_COUNT"}, 5: {"row": "R203_FIELD_COUNT"}}
    assert rows[3]["unparsed"]["row"]["text"] == f"{T3},A,B,4"
    assert [row["power"] for row in rows] == [1, 2, 3, None, None, 6]
    assert {row["external_site_id"] for row in rows} == {"A", None, "C"}


def test_totals_at_the_end_are_refused_rows(rows_of):
    rows = rows_of(TABLE + ";7,5\nSumme;7,5\n")
    assert codes(rows) == {4: {"Zeitstempel": "R101_TS_MISSING"}, 5: {"Zeitstempel": "R102_TS_FORMAT"}}


def test_all_of_it_in_one_file(rows_of):
    content = (
        "sep=;\r\nAnlage;Dach Süd\r\n# Export\r\n\r\nDatum;Uhrzeit;Wechselrichter;Leistung;Ertrag;\r\n"
        "[TT.MM.JJ];[hh:mm];;[kW];[kWh];\r\n31.05.26;23:45;WR1;1\u202f234,5;−0,25;\r\n31.05.26;24:00;WR1;0,5 kW;;\r\n"
        "Summe;;;;12,5;\r\n"
    )
    rows = rows_of(content.encode("utf-8-sig"), time_zone="Europe/Berlin")
    assert [(row["power"], row["energy"]) for row in rows] == [(1234.5, -0.25), (0.5, None), (None, 12.5)]
    assert [row["interval_start"] and f"{row['interval_start']:%d %H:%M}" for row in rows] == [
        "31 21:45",
        "31 22:00",
        None,
    ]
    assert (rows[0]["power_unit"], rows[0]["energy_unit"], rows[0]["external_device_id"]) == ("kW", "kWh", "WR1")
    assert codes(rows) == {3: {"Datum": "R101_TS_MISSING"}}
