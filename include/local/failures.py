"""Why the one-machine stack could not start or stay up."""

import json
from pathlib import Path
from typing import Any

from include.core.errors import SunledgerError

TAIL_LINES = 25


class StackFailed(SunledgerError):
    """A part of the stack failed; carries the log that tells more."""

    code = "E900_LOCAL_STACK"

    def __init__(self, message: str, *, log: Path | None = None, remedy: str = "") -> None:
        super().__init__(message, place=str(log or ""), remedy=remedy)
        self.log = log


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, empty if there is none."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(_readable(line) for line in text.splitlines()[-lines:])


def _readable(line: str) -> str:
    """Turn a line of an Airflow task log, which is JSON, into text; any other line stays."""
    try:
        entry: dict[str, Any] = json.loads(line)
        causes = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
        return "  ".join([f"{entry['level']}: {entry['event']}", *causes])
    except (ValueError, TypeError, KeyError, AttributeError):
        return line
