"""Single cells of a vendor's JSON: a usable value, or the code and text of what is wrong with it."""

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NOT_FINITE = frozenset({"nan", "inf", "infinity"})
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a cell cannot be used; `code` is a rule code of the judge, `text` the cell as delivered."""

    code: str
    text: str


def number(cell: Any) -> float | Flaw | None:
    """Read a finite number; null stays null, because no value is not zero."""
    if cell is None:
        return None
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    if isinstance(cell, str) and text.strip().lower().lstrip("+-") in NOT_FINITE:
        return Flaw("R202_NOT_FINITE", text)
    if isinstance(cell, bool | list | dict) or (isinstance(cell, str) and not NUMBER.fullmatch(text.strip())):
        return Flaw("R201_NOT_NUMERIC", text)
    try:
        value = float(cell)
    except OverflowError:
        return Flaw("R202_NOT_FINITE", text)
    return value if math.isfinite(value) else Flaw("R202_NOT_FINITE", text)


def instant(cell: Any) -> datetime | Flaw:
    """Read an ISO 8601 instant that carries its offset, as UTC; a local time is not guessed at."""
    if cell is None or cell == "":
        return Flaw("R101_TS_MISSING", "")
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
    if not INSTANT.fullmatch(text):
        return Flaw("R102_TS_FORMAT", text)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return Flaw("R102_TS_FORMAT", text)
