"""Columns of text: names as delivered, and the JSON text of everything that has no column of its own."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sources.files.cells import BadCell, as_text, bad_cell, blanked, trimmed

JSON_NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"
NEEDS_ESCAPE = r'["\\\x00-\x1f\x7f]'


def labels(cells: pa.Array) -> tuple[pa.StringArray, list[BadCell]]:
    """Read a column of names: stripped, blank as null, refused where PostgreSQL could not store them."""
    text = trimmed(as_text(cells))
    rows = pc.indices_nonzero(pc.match_substring(text, "\0")).to_pylist()
    bad = [bad_cell(row, "R204_TEXT", text[row].as_py()) for row in rows]
    return blanked(text, bad), bad


def json_objects(columns: dict[str, pa.Array], length: int) -> tuple[pa.StringArray, dict[str, list[BadCell]]]:
    """One JSON object text a row out of the simple columns, null cells left out, null when nothing is left."""
    members: list[pa.Array] = []
    refused: dict[str, list[BadCell]] = {}
    for header, cells in columns.items():
        if pa.types.is_null(cells.type) or pa.types.is_nested(cells.type):
            continue
        values, bad = _json_values(cells)
        if bad:
            refused[header] = bad
        name = json.dumps(header, ensure_ascii=False)
        members.append(pc.fill_null(pc.binary_join_element_wise(f",{name}:", values, ""), ""))
    if not members:
        return pa.nulls(length, pa.string()), refused
    listed = pc.binary_join_element_wise(*members, "")
    whole = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(listed, 1), "}", "")
    return pc.if_else(pc.equal(listed, ""), None, whole), refused


def _json_values(cells: pa.Array) -> tuple[pa.StringArray, list[BadCell]]:
    kind = cells.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return cells.cast(pa.string()), []
    if pa.types.is_floating(kind):
        return _json_floats(cells.cast(pa.float64())), []
    text, bad = labels(cells)
    return _json_strings(text), bad


def _json_floats(cells: pa.DoubleArray) -> pa.StringArray:
    text = cells.cast(pa.string())
    return pc.if_else(pc.is_finite(cells), text, pc.binary_join_element_wise('"', text, '"', ""))


def _json_strings(text: pa.StringArray) -> pa.StringArray:
    """Numbers as they are written, everything else quoted; only texts that need escapes go one by one."""
    is_number = pc.match_substring_regex(text, JSON_NUMBER)
    if pc.all(is_number).as_py():
        return text
    quoted = pc.binary_join_element_wise('"', text, '"', "")
    needs_escape = pc.match_substring_regex(text, NEEDS_ESCAPE)
    if pc.any(needs_escape).as_py():
        escaped = pa.array([json.dumps(one, ensure_ascii=False) for one in text.filter(needs_escape).to_pylist()])
        quoted = pc.replace_with_mask(quoted, pc.fill_null(needs_escape, False), escaped)
    return pc.if_else(is_number, text, quoted)


def merged(other: str | None, extra: dict[str, Any]) -> str:
    """The JSON object text `other` with some members more."""
    return json.dumps({**json.loads(other or "{}"), **extra}, ensure_ascii=False)
