"""NDJSON read by Arrow says exactly what the exact reader says; hypothesis looks for lines where it would not."""

import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.core.errors import FileRejected
from include.core.json_objects import once
from include.core.records import FileHints
from include.sources.files import cells, objects
from include.sources.files.formats import Format, Kind
from include.sources.files.objects import JsonFile
from include.sources.files.plainlines import PlainLines, spans

NUMBERS = """
0 -0 1 -1 900 0.0 -0.0 1.5 1e5 1E-7 0.1 1e400 -1e400 NaN Infinity 01 1. +1 9007199254740991 9007199254740993
9223372036854775807 -9223372036854775808 9223372036854775808 123456789012345678901234567890
0.12345678901234567890123 5e-324 9007199254740993.0
""".split()  # noqa: SIM905 -- thirty strings are easier to read so
TEXTS = [
    *('"INV-1"', '""', '" "', '"2026-01-01T00:00:00Z"', '"2026-01-01"', '"2026-01-01 00:00:00"', '"12"', '"1.50"'),
    *('"ü☀"', '"\\u00fc"', '"\\ud83d\\ude00"', '"\\ud800"', '"a\\u0000b"', '"a\tb"', '"\\n"', '"NaN"', '"\\/"'),
]
OTHERS = ["null", "true", "false", "[]", "[1]", "{}", '{"a": 1}', '{"a": 1, "a": 2}']
values = st.one_of(*map(st.sampled_from, (NUMBERS, TEXTS, OTHERS)))
usual = {
    "timestamp": st.sampled_from(TEXTS[3:6]),
    "energy": st.sampled_from(NUMBERS[:11]),
    "site": st.sampled_from(TEXTS[:3]),
}


@st.composite
def lines(draw) -> str:
    """A usual line, or one with any values, members left out, repeated or in another order."""
    members = [(key, draw(values if draw(st.integers(0, 9)) == 0 else kind)) for key, kind in usual.items()]
    if draw(st.integers(0, 9)) == 0:
        members = draw(st.lists(st.sampled_from([*members, ("energy", "1"), ("data", "[1]"), ("", "2")]), max_size=4))
    return "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in members) + "}"


def outcome(chunks) -> list:
    """Everything that chunks say, and the refusal that ends them."""
    said = []
    try:
        for chunk in chunks:
            columns = [
                (header, str(cells.type), [*map(repr, cells.to_pylist())]) for header, cells in chunk.columns.items()
            ]
            said.append((chunk.row_numbers.to_pylist(), columns, chunk.refused))
    except (FileRejected, pa.ArrowException, ValueError) as refusal:
        said.append((type(refusal), str(refusal)))
    return said


def both(folder, text: str) -> tuple[list, list]:
    path = folder / "readings.ndjson"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    file = JsonFile(path, Format(Kind.NDJSON, is_gzip=False), FileHints())
    return outcome(file.chunks()), outcome(file._exact())


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(objects, "CHUNK_RECORDS", 3)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.lists(lines(), min_size=1, max_size=9), ending=st.sampled_from(["", "\n", "\r\n", "\n \n"]))
def test_arrow_and_the_exact_reader_agree(tmp_path, small_chunks, text, ending):
    fast, exact = both(tmp_path, "\n".join(text) + ending)
    assert fast == exact


def row_by_row(said: list) -> list | str:
    """The cells of each row, however rows were grouped; of a refused file only the code, as nothing of it is kept."""
    *chunks, last = said
    if isinstance(last[0], type):
        return last[1].partition(":")[0]
    return [
        (number, {header: cells[place] for header, _, cells in columns}, refused)
        for numbers, columns, refused in [*chunks, last]
        for place, number in enumerate(numbers)
    ]


PLAIN = '{"timestamp": "2026-01-01T00:00Z", "energy": 1.5}\n'


@pytest.mark.parametrize(
    "end",
    [
        '{"timestamp": "x", "energy"',
        '{"timestamp": "x",\n "energy": 2}\n' + PLAIN,
        PLAIN.strip() + PLAIN,
        "[1]",
        "7\n",
        PLAIN.strip() + ",\n",
        '{"timestamp": "\ud800", "energy": 2}\n',
        '{"data": [{"timestamp": "x", "energy": 1}]}\n',
        '{"timestamp": "x", "energy": 2}\n' * 3 + '{"energy": 1, "energy": 1}',
        '{"timestamp": "x", "energy": 1e400}\n',
        '{"timestamp": "x", "energy": ' + "[" * 40 + "]" * 40 + "}",
        '{"timestamp": "x", "note": "' + "n" * (1 << 20) + 'n"}',
    ],
)
@pytest.mark.parametrize("before", [0, 1, 3, 4])
def test_what_is_not_plain_is_read_and_refused_as_before(tmp_path, small_chunks, before, end):
    fast, exact = map(row_by_row, both(tmp_path, PLAIN * before + end))
    assert fast == exact


def test_usual_lines_are_plain_and_doubtful_ones_are_not():
    """Otherwise everything would be read the slow way, and no other test would tell."""
    usual_line = b'{"timestamp": "2026-01-01T00:00:00Z", "site": "P1", "energy": 1.5, "seconds": 900, "note": null}\n'
    columns = PlainLines().columns(usual_line * 2)
    assert {key: str(cells.type) for key, cells in columns.items()} == {
        "timestamp": "string",
        "site": "string",
        "energy": "double",
        "seconds": "int64",
        "note": "string",
    }
    assert list(columns) == ["timestamp", "site", "energy", "seconds", "note"]
    for odd in (b"9007199254740993", b"-0", b"1e400", b'"1"', b"[]", b"true"):
        assert PlainLines().columns(usual_line + usual_line.replace(b"1.5", odd)) is None


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.lists(
        st.one_of(lines(), st.just('{"note": "}\\n{"}'), st.just('{\n"energy": 1\n}')), min_size=1, max_size=5
    ),
    ending=st.sampled_from(["", "\n", "\r\n", "\n \n", " \n", "\n,"]),
    between=st.sampled_from(["\n", "\r\n", "\n\n", "", " \n"]),
)
def test_spans_are_the_records_that_the_exact_reader_finds(tmp_path, text, ending, between):
    content = between.join(text) + ending
    path = tmp_path / "readings.ndjson"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    try:
        _, records = JsonFile(path, Format(Kind.NDJSON, is_gzip=False), FileHints())._records({})
        exact = repr(list(records))
    except FileRejected:
        return  # spans are only asked for in files that were read
    block = path.read_bytes()
    found = spans(block)
    if len(found):
        assert repr([json.loads(block[begin:end], object_pairs_hook=once) for begin, end in found]) == exact


def test_usual_lines_have_spans():
    """Otherwise the whole file would be parsed for a few cells, and no other test would tell."""
    assert spans(PLAIN.encode() * 2).tolist() == [[0, len(PLAIN) - 1], [len(PLAIN), 2 * len(PLAIN) - 1]]


def test_cells_of_some_rows_are_found_among_lines_of_every_kind(tmp_path, small_chunks):
    """Blocks of three lines: plain ones whose spans are known, one with an array, and one from where all is read."""
    kinds = ['{"n": %d, "t": "ü"}\n', '{"n": %d, "t": null}\n', '\n{"n": %d, "t": "a"}\n', '{"n": %d, "t": [1]}\n']
    text = "".join(kinds[min(row % 5, 3) if row in range(8, 16) else row % 2] % row for row in range(1, 41))
    text = text.replace('{"n": 30, ', '{"n":\n30, ')
    path = tmp_path / "readings.ndjson"
    path.write_text(text)
    for wanted in ({1}, {2, 3, 7}, {9, 12, 14, 31}, {29, 30, 40}, set(range(1, 41)), {41}):
        found = dict(cells(path, "readings.ndjson", FileHints(), wanted))
        assert {row: said["n"] for row, said in found.items()} == {row: str(row) for row in wanted if row < 41}
