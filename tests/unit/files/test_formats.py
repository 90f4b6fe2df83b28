"""Formats, encodings and separators: one table, many ways to write it (B6, B7, B8)."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.errors import FileRejected
from include.sources.files import Kind, detect
from tests.unit.files.conftest import codes

TIMES = ["2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"]
ENERGY = [1.5, 0.25, 12.0]
NOTES = ["plain", "two\nlines", 'a "quoted" word']
RECORDS = [
    {"timestamp": at, "site_id": "Köln", "energy_kwh": energy, "note": note}
    for at, energy, note in zip(TIMES, ENERGY, NOTES, strict=True)
]


def delimited(separator=",", line_end="\n", mark="."):
    lines = [separator.join(["timestamp", "site_id", "energy_kwh", "note"])]
    for record in RECORDS:
        energy = str(record["energy_kwh"]).replace(".", mark)
        energy = f'"{energy}"' if mark == separator else energy
        note = record["note"].replace('"', '""')
        lines.append(separator.join([record["timestamp"], record["site_id"], energy, f'"{note}"']))
    return line_end.join(lines) + line_end


def parquet(columns=None, **options):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns) if columns else pa.Table.from_pylist(RECORDS), sink, **options)
    return sink.getvalue()


def ndjson(records=RECORDS):
    return "".join(json.dumps(record) + "\n" for record in records)


SHAPES = {
    "plain.csv": delimited().encode(),
    "no_newline_at_end.csv": delimited().rstrip("\n").encode(),
    "bom.csv": delimited().encode("utf-8-sig"),
    "crlf.csv": delimited(line_end="\r\n").encode(),
    "utf16.csv": delimited().encode("utf-16"),
    "semicolon.csv": delimited(";", mark=",").encode(),
    "quoted_comma.csv": delimited(",", mark=",").encode(),
    "tab.txt": delimited("\t").encode(),
    "pipe.csv": delimited("|").encode(),
    "zipped.csv.gz": gzip.compress(delimited().encode()),
    "two_members.csv.gz": gzip.compress(delimited().encode()[:60]) + gzip.compress(delimited().encode()[60:]),
    "array.json": json.dumps(RECORDS).encode(),
    "indented.json": json.dumps(RECORDS, indent=2).encode(),
    "bom.json": json.dumps(RECORDS).encode("utf-8-sig"),
    "strings.json": json.dumps([r | {"energy_kwh": str(r["energy_kwh"])} for r in RECORDS]).encode(),
    "lines.ndjson": ndjson().encode(),
    "lines.json": ndjson().encode(),
    "lines.jsonl.gz": gzip.compress(ndjson().encode()),
    "wrapped.json": json.dumps({"readings": RECORDS}).encode(),
    "wrapped_in_items.json": json.dumps({"count": 3, "items": RECORDS, "next": None}).encode(),
    "plain.parquet": parquet(),
    "zipped.parquet.gz": gzip.compress(parquet()),
    "misnamed.csv": parquet(),
    "without_suffix": json.dumps(RECORDS).encode(),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_rows(rows_of, name):
    rows = rows_of(SHAPES[name], name)
    assert [row["row_number"] for row in rows] == [1, 2, 3]
    assert [row["interval_start"].isoformat() for row in rows] == [at.replace("Z", "+00:00") for at in TIMES]
    assert [row["energy"] for row in rows] == ENERGY
    assert {row["energy_unit"] for row in rows} == {"kWh"}
    assert {row["external_site_id"] for row in rows} == {"Köln"}
    assert [row["other_metrics"] for row in rows] == [{"note": note} for note in NOTES]
    assert {row["interval_seconds"] for row in rows} == {900}
    assert not codes(rows)


def test_declared_encoding_is_used(rows_of):
    content = delimited().encode("cp1252")
    assert rows_of(content, encoding="cp1252")[0]["external_site_id"] == "Köln"
    with pytest.raises(FileRejected, match="F002_UNPARSEABLE"):
        rows_of(content)


def test_letters_of_several_bytes_survive_every_gzip_boundary(rows_of):
    content = delimited().encode()
    for cut in range(len(content)):
        members = gzip.compress(content[:cut]) + gzip.compress(b"") + gzip.compress(content[cut:])
        assert len(rows_of(members, "members.csv.gz")) == 3


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.csv", b'{"timestamp": 1}', Kind.JSON),
        ("a.json", b'{"t": 1}\n{"t": 2}\n', Kind.NDJSON),
        ("a.json", b'{\n "t": 1\n}', Kind.JSON),
        ("a", b" \n[1", Kind.JSON),
        ("a.json", b"PAR1....", Kind.PARQUET),
        ("a", b"timestamp,energy\n", Kind.CSV),
    ],
)
def test_content_decides_before_the_name(name, head, kind):
    assert detect(name, head).kind is kind


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("book.xlsx", b"PK\x03\x04rest"),
        ("old.xls", b"\xd0\xcf\x11\xe0rest"),
        ("scan.csv", b"%PDF-1.7"),
        ("noise.csv", bytes(range(256)) * 4),
        ("zeros.csv", bytes(1000)),
        ("text.json", b"timestamp,energy\n"),
        ("text.parquet", b"timestamp,energy\n"),
        ("bad.csv.gz", b"\x1f\x8bnot gzip"),
    ],
)
def test_unknown_binary_is_refused_with_a_remedy(name, head):
    with pytest.raises(FileRejected) as rejected:
        detect(name, head)
    assert rejected.value.code == "F002_UNPARSEABLE"
    assert rejected.value.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("zero.csv", b""),
        ("header.csv", b"timestamp,energy\n"),
        ("header.csv", b"timestamp,energy"),
        ("blank.csv", b"\n\n"),
        ("spaces.json", b"  \n"),
        ("zero.csv.gz", gzip.compress(b"", mtime=0)),
        ("array.json", b"[]"),
        ("wrapped.json", b'{"readings": []}'),
        ("none.parquet", parquet({"timestamp": pa.array([], pa.int64()), "energy": pa.array([], pa.float64())})),
    ],
)
def test_files_without_rows_are_empty(rows_of, name, content):
    with pytest.raises(FileRejected) as rejected:
        rows_of(content, name)
    assert rejected.value.code == "F001_EMPTY"


@pytest.mark.parametrize("name", ["zipped.csv.gz", "array.json", "wrapped.json", "plain.parquet", "zipped.parquet.gz"])
def test_cut_files_are_refused_wherever_they_are_cut(rows_of, name):
    whole = SHAPES[name]
    for end in {len(whole) * part // 11 for part in range(1, 11)} | {len(whole) - 1}:
        with pytest.raises(FileRejected) as rejected:
            rows_of(whole[:end], name)
        assert rejected.value.code == "F002_UNPARSEABLE", (name, end)


def test_json_is_refused_at_every_offset(rows_of):
    whole = json.dumps(RECORDS[:1]).encode()
    for end in range(1, len(whole)):
        with pytest.raises(FileRejected, match="F002_UNPARSEABLE"):
            rows_of(whole[:end], "cut.json")


@pytest.mark.parametrize("cut", [-3, -12, -24, -30])
def test_cut_last_line_is_refused(rows_of, cut):
    with pytest.raises(FileRejected) as rejected:
        rows_of(delimited()[:cut])
    assert rejected.value.code == "F002_UNPARSEABLE"


@pytest.mark.parametrize(
    "text",
    [
        '{"readings": [{"timestamp": 1}], "readings": [{"timestamp": 2}]}',
        '[{"timestamp": "2026-01-01T00:00:00Z", "energy_wh": 1, "energy_wh": 2}]',
        '{"timestamp": 1, "energy_wh": 1}\n{"timestamp": 2, "energy_wh": 1, "energy_wh": 1}\n',
        '{"unit": "Wh", "readings": [{"timestamp": 1}], "unit": "kWh"}',
    ],
)
def test_json_that_says_something_twice_is_refused(rows_of, text):
    with pytest.raises(FileRejected, match=r"F009.*names '(readings|energy_wh|unit)' twice.*say everything once"):
        rows_of(text, "twice.json")


def test_cut_inside_a_line_of_ndjson_is_refused(rows_of):
    with pytest.raises(FileRejected, match="F002_UNPARSEABLE"):
        rows_of(ndjson()[:-10], "cut.ndjson")


def test_damaged_parquet_page_is_refused(rows_of):
    content = bytearray(parquet(write_page_checksum=True))
    content[8:40] = bytes(32)
    with pytest.raises(FileRejected, match="F002_UNPARSEABLE"):
        rows_of(bytes(content), "damaged.parquet")


def test_line_of_wrong_width_never_shifts_columns(rows_of):
    first, second, third = TIMES
    lines = [f"{first},A,1", f"{second},2", f"{second},A,B,3", "", f"{third},A,4", "lonely", f"{third},A,5"]
    content = "\n".join(["timestamp,site_id,power", *lines, ""])
    rows = rows_of(content, default_site="D")
    assert [row["row_number"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert codes(rows) == {number: {"row": "R203_FIELD_COUNT"} for number in (2, 3, 5)}
    assert rows[1]["unparsed"]["row"]["text"] == f"{TIMES[1]},2"
    broken = {name: value for name, value in rows[1].items() if name not in ("row_number", "unparsed")}
    assert set(broken.values()) == {None}
    assert [row["power"] for row in rows] == [1, None, None, 4, None, 5]


def test_broken_lines_at_the_very_end_are_kept(rows_of):
    rows = rows_of(f"timestamp,power\n{TIMES[0]},1\n{TIMES[1]}\n{TIMES[2]},1,2,3\n")
    assert codes(rows) == {2: {"row": "R203_FIELD_COUNT"}, 3: {"row": "R203_FIELD_COUNT"}}


def test_broken_lines_keep_their_numbers_across_blocks(rows_of):
    lines = [f"{TIMES[0]},{number}," + "x" * 200 for number in range(1, 40_001)]
    for number in (1, 9_999, 10_000, 25_000, 40_000):
        lines[number - 1] = "broken"
    table = rows_of.table("timestamp,power,note\n" + "\n".join(lines) + "\n").select(
        ["row_number", "power", "unparsed"]
    )
    for row in table.to_pylist():
        assert row["power"] == (None if row["unparsed"] else row["row_number"])
    assert table["unparsed"].null_count == 40_000 - 5
    assert table["row_number"].to_pylist() == list(range(1, 40_001))


def test_flat_columns_of_nested_parquet_are_read(rows_of):
    content = parquet({"timestamp": TIMES, "power": [1, 2, 3], "detail": [{"a": 1}] * 3, "list": [[1]] * 3})
    rows = rows_of(content, "nested.parquet")
    assert [row["power"] for row in rows] == [1, 2, 3]
    assert rows[0]["other_metrics"] is None
