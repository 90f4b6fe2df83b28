"""JSON that readers understand differently is refused as a whole, so that nobody stages what nobody checked."""

import pytest

from include.core.errors import FileRejected

ROW = '{"timestamp": "2026-01-01T00:00:00Z", "energy_wh": 1}'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'{{"readings": [{ROW}, {ROW}], "readings": [{ROW}]}}', "names 'readings' twice"),
        (f'{{"readings": [{ROW}], "readings": 1}}', "names 'readings' twice"),
        (f'{{"readings": 1, "readings": [{ROW}]}}', "names 'readings' twice"),
        (f'{{"site_id": "A", "readings": [{ROW}], "site_id": "B"}}', "names 'site_id' twice"),
        (f'{{"readings": [{ROW}], "data": [{ROW}]}}', "in 'readings' and in 'data'"),
        (f'[{ROW}, {ROW[:-1]}, "energy_wh": 2}}]', "names 'energy_wh' twice"),
        (f'{ROW}\n{ROW[:-1]}, "energy_wh": 2}}\n', "names 'energy_wh' twice"),
        (ROW[:-1] + r', "energy\u005fwh": 2}', "names 'energy_wh' twice"),
        (ROW[:-1] + r', "\ud800": 2, "\ud800": 2}', "ud800"),
    ],
    ids=["lists", "list and value", "value and list", "envelope", "wrappers", "row", "line", "escape", "surrogate"],
)
def test_it_is_refused_with_its_place(rows_of, content, words):
    with pytest.raises(FileRejected) as refused:
        rows_of(content, "dropped.json" if "\n" not in content else "dropped.ndjson")
    error = refused.value
    assert error.code == "F009_AMBIGUOUS" and words in error.message
    assert error.place.startswith("character ") and error.remedy


def test_a_list_of_rows_beside_words_is_read(rows_of):
    rows = rows_of(f'{{"site_id": "A", "readings": [{ROW}], "notes": {{"data": [1]}}, "items": 3}}', "dropped.json")
    assert len(rows) == 1 and rows[0]["external_site_id"] == "A"
