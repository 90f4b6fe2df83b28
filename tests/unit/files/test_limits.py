"""Files made to hurt: bombs, giants, odd bytes (B11, B16). The worker survives and names the limit."""

import gzip
import io
import json
from importlib import import_module

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.errors import FileRejected
from include.core.records import FileHints
from include.sources.files import cells, columnar, limits
from include.sources.files.limits import Limits
from tests.unit.files.conftest import codes

NOW = "2026-01-01T00:00:00Z"


def refusal(rows_of, content, name="dropped.csv", **hints):
    with pytest.raises(FileRejected) as rejected:
        rows_of(content, name, **hints)
    return rejected.value


def test_gzip_bomb_is_stopped_by_its_ratio(rows_of):
    bomb = gzip.compress(b"timestamp,power\n" + f"{NOW},1\n".encode() * 2_000_000, 9)
    error = refusal(rows_of, bomb, "bomb.csv.gz")
    assert error.code == "F003_TOO_LARGE"
    assert "ratio" in error.message


def test_parquet_dictionary_bomb_is_stopped_before_it_unfolds(rows_of):
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 1_000_000]))
    sink = io.BytesIO()
    pq.write_table(pa.table({"timestamp": [1_767_225_600] * 200_000, "power": [1] * 200_000, "note": words}), sink)
    error = refusal(rows_of, sink.getvalue(), "bomb.parquet")
    assert error.code == "F003_TOO_LARGE"
    assert "slice" in error.message


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"bytes": 10}, "bytes in the file"),
        ({"rows": 2}, "rows"),
        ({"columns": 1}, "columns"),
        ({"cell_bytes": 15}, "bytes in a cell"),
    ],
)
def test_each_limit_is_named(rows_of, monkeypatch, changed, what):
    for module in ("", ".columnar", ".delimited", ".headers", ".objects", ".streams"):
        monkeypatch.setattr(import_module(f"include.sources.files{module}"), "LIMITS", Limits(**changed))
    error = refusal(rows_of, f"timestamp,power\n{NOW},1\n{NOW},2\n{NOW},3\n")
    assert error.code == "F003_TOO_LARGE"
    assert what in error.message
    assert error.remedy


def test_two_thousand_columns_are_refused(rows_of):
    header = ",".join(f"c{number}" for number in range(2000))
    assert refusal(rows_of, f"{header}\n{header}\n").code == "F003_TOO_LARGE"
    record = {f"c{number}": number for number in range(2000)}
    assert refusal(rows_of, json.dumps([record]), "wide.json").code == "F003_TOO_LARGE"


@pytest.mark.parametrize("name", ["giant.csv", "giant.json"])
def test_ten_megabyte_cell_is_refused(rows_of, name):
    giant = "9" * 10_000_000
    text = f"timestamp,power\n{NOW},{giant}\n" if name == "giant.csv" else json.dumps([{"timestamp": giant}])
    assert refusal(rows_of, text, name).code == "F003_TOO_LARGE"


@pytest.mark.parametrize("content", ["[" * 100_000, '[{"timestamp":1,"power":' + "[" * 50 + "]" * 50 + "}]"])
def test_deep_json_is_refused(rows_of, content):
    assert refusal(rows_of, content, "deep.json").code == "F003_TOO_LARGE"


def test_quote_that_never_closes_is_refused(rows_of):
    content = f'timestamp,note,power\n{NOW},"open,1\n' + f"{NOW},x,1\n" * 200_000
    assert refusal(rows_of, content).code == "F003_TOO_LARGE"
    assert refusal(rows_of, content[:2000] + "\n").code == "F002_UNPARSEABLE"


def test_text_postgresql_cannot_store_costs_its_cell_only(rows_of):
    content = b"timestamp,site,power\n%b,a\0b,1\n%b,A,2\0\n%b,\xed\xa0\x80,3\n%b,A,4\n" % ((NOW.encode(),) * 4)
    rows = rows_of(content)
    assert codes(rows) == {1: {"site": "R204_TEXT"}, 2: {"power": "R204_TEXT"}, 3: {"site": "R204_TEXT"}}
    assert rows[0]["unparsed"]["site"]["text"] == "a\\u0000b"
    assert rows[2]["unparsed"]["site"]["text"] == "\\ud800"
    assert [row["power"] for row in rows] == [1, None, 3, 4]


def test_odd_text_in_json_costs_its_cell_only(rows_of):
    content = (
        '[{"timestamp":1767225600,"site":"\\ud800","power":1},{"timestamp":1767225600,"site":"\\u0000","power":2}]'
    )
    rows = rows_of(content, "odd.json")
    assert codes(rows) == {1: {"site": "R204_TEXT"}, 2: {"site": "R204_TEXT"}}
    assert [row["power"] for row in rows] == [1, 2]


def test_cells_of_a_row_come_back_as_delivered(rows_of):
    path = rows_of.path(f"timestamp,site,power\n{NOW},A, 1\n{NOW},a\0b,007\n{NOW}\n{NOW},B,2\n")
    found = dict(cells(path, "dropped.csv", FileHints(), {2, 3}))
    assert found == {2: {"timestamp": NOW, "site": "a\\u0000b", "power": "007"}, 3: {"row": NOW}}


def test_cells_of_some_parquet_rows_are_those_of_their_numbers(rows_of, tmp_path, monkeypatch):
    monkeypatch.setattr(columnar, "BATCH_ROWS", 3)
    path = tmp_path / "dropped.parquet"
    texts, blobs = ["a", None, "ü"] * 4, [b"x", b"\xed\xa0\x80", b"y"] * 4
    pq.write_table(pa.table({"number": range(1, 13), "text": texts, "blob": blobs}), path, row_group_size=5)
    found = dict(cells(path, "dropped.parquet", FileHints(), {2, 3, 7, 12, 13}))
    assert found == {
        2: {"number": "2", "blob": "\\ud800"},
        3: {"number": "3", "text": "ü", "blob": "y"},
        7: {"number": "7", "text": "a", "blob": "x"},
        12: {"number": "12", "text": "ü", "blob": "y"},
    }


def test_limits_cannot_be_changed_by_accident():
    with pytest.raises(AttributeError):
        limits.LIMITS.rows = 1
