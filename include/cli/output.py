"""Tables for people and JSON for scripts, on standard output."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

# a table in a pipe or a log is not squeezed into the width of a screen
console = Console(width=None if sys.stdout.isatty() else 200)


def as_json(value: Any) -> None:
    """Print a value as JSON; instants as ISO 8601, decimals as text."""
    print(json.dumps(value, indent=2, default=str))  # noqa: T201


def as_table(rows: Sequence[dict[str, Any]], columns: Sequence[str], title: str = "") -> None:
    """Print rows as a table of the given columns."""
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        is_number = any(isinstance(row.get(column), int | float) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        # as text: what a client named may look like markup
        table.add_row(*(Text(_text(row.get(column))) for column in columns))
    console.print(table)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
