"""Reads contract files from disk: YAML or JSON by their suffix."""

from pathlib import Path

from include.core.contract_errors import UNREADABLE, ContractRefused, Flaw
from include.core.exact_documents import Document, read_json, read_yaml

READERS = {".yaml": read_yaml, ".yml": read_yaml, ".json": read_json}


def read(path: Path) -> Document:
    """A contract file with its lines."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        remedy = f"name it {path.stem}.yaml or {path.stem}.json"
        raise ContractRefused([Flaw(UNREADABLE, "", f"{path.name} is neither YAML nor JSON", remedy)])
    return reader(path.read_bytes())
