"""Reads contract files: YAML or JSON, and for events and meter tests CSV with a header in the first line."""

from pathlib import Path
from typing import Literal

from include.core.contract_errors import UNREADABLE, ContractRefused, Flaw
from include.core.errors import FileRejected
from include.core.exact_documents import Document, read_json, read_yaml
from include.pipeline.reference import read_csv

READERS = {".yaml": read_yaml, ".yml": read_yaml, ".json": read_json}
Part = Literal["events", "meter_tests"]


def read(path: Path, part: Part | None = None) -> Document:
    """A contract file with its lines; a CSV file holds one part only."""
    suffix = path.suffix.lower()
    if suffix == ".csv" and part:
        return _rows(path, part)
    if suffix not in READERS:
        kinds = "neither YAML, JSON nor CSV" if part else "neither YAML nor JSON"
        remedy = f"name it {path.stem}.yaml or {path.stem}.json"
        raise ContractRefused([Flaw(UNREADABLE, "", f"{path.name} is {kinds}", remedy)])
    document = READERS[suffix](path.read_bytes())
    if part and isinstance(document.content, list):
        lines = {f"{part}{place}": line for place, line in document.lines.items() if place}
        return Document({part: document.content}, lines)
    return document


def _rows(path: Path, part: Part) -> Document:
    """Rows of CSV; an empty cell says nothing."""
    try:
        rows = read_csv(path)
    except FileRejected as error:
        remedy = error.remedy or "save it as CSV in UTF-8 with a header"
        raise ContractRefused([Flaw(UNREADABLE, error.place, error.message, remedy)]) from None
    items = [
        {name.strip(): cell.strip() for name, cell in cells.items() if cell is not None and cell.strip()}
        for _, cells in rows
    ]
    return Document({part: items}, {f"{part}[{place}]": line for place, (line, _) in enumerate(rows)})
