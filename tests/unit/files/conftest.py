"""One way to read a file in a test: bytes in, rows out."""

import json

import pyarrow as pa
import pytest

from include.core.records import FileHints
from include.sources.files import RAW_SCHEMA, read


class Reading:
    """The rows of a file as dictionaries, `unparsed` and `other_metrics` decoded."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, content):
        path = self.folder / "dropped"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def table(self, content, name="dropped.csv", **hints):
        batches = list(read(self.path(content), name, FileHints(**hints)))
        for batch in batches:
            batch.validate(full=True)
        return pa.Table.from_batches(batches, RAW_SCHEMA)

    def __call__(self, content, name="dropped.csv", **hints):
        rows = self.table(content, name, **hints).to_pylist()
        for row in rows:
            for column in ("unparsed", "other_metrics"):
                row[column] = row[column] and json.loads(row[column])
        return rows


@pytest.fixture
def rows_of(tmp_path):
    return Reading(tmp_path)


def codes(rows):
    """{row number: {header: code}} of what could not be read."""
    return {
        row["row_number"]: {header: problem["code"] for header, problem in row["unparsed"].items()}
        for row in rows
        if row["unparsed"]
    }
