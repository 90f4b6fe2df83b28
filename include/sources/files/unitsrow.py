"""A row of units directly below the header: `[dd.MM.yyyy HH:mm];[kWh];[kW]`, with or without brackets."""

import re
from dataclasses import replace

from include.core.errors import FileRejected
from include.core.records import FileHints
from include.sources.files.columns import DATE_FORMAT, METRICS, ColumnMap, declared_units, known_unit

BRACKETS = re.compile(r"[\[({]([^\d+-].*)[\])}]")
DATE_PARTS = {"d": "D", "tt": "D", "dd": "D", "jj": "D", "gg": "D", "m": "M", "mm": "M"} | dict.fromkeys(
    ("y", "yy", "yyyy", "jjjj", "aa", "aaaa"), "Y"
)
DATE_ORDERS = ("DMY", "MDY", "YMD")
TIMES = ("timestamp", "time_of_day", "interval_end")
BLANK = ("", "-", "--")


def told_by(names: list[str], row: list[str], columns: ColumnMap, hints: FileHints) -> FileHints | None:
    """The hints with what the row says of units, date order and UTC; null when the row is data.

    It is a row of units when a metric's cell is a unit, no metric's cell is a number and no time is given.
    """
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip() not in BLANK}
    delivered = {column: cells[match.header] for column, match in columns.used.items() if match.header in cells}
    metrics = {column: text for column, text in delivered.items() if column in METRICS}
    times = [text for column, text in delivered.items() if column in TIMES]
    if not any(_is_unit(column, text) for column, text in metrics.items()) or any(map(_has_digit, times)):
        return None
    if any(_has_digit(text) and not _is_unit(column, text) for column, text in metrics.items()):
        return None
    units = {column: known_unit(column, _bare(text)) or _bare(text) for column, text in metrics.items() if _bare(text)}
    _refuse_contradictions(units, columns)
    hints = replace(hints, units=declared_units(hints) | units)
    order = next(filter(None, map(_date_order, times)), None)
    if any(known_unit("timestamp", _bare(text)) for text in times):
        hints = replace(hints, time_zone="UTC", site_time_zones={})
    return replace(hints, date_order=hints.date_order or order)


def date_order_in(columns: ColumnMap) -> str | None:
    """DMY out of `Datum [dd.MM.yyyy]`, null when no header of a time states a format."""
    formats = (DATE_FORMAT.search(match.header) for column, match in columns.used.items() if column in TIMES)
    return next((order for found in formats if found and (order := _date_order(found[0]))), None)


def _is_unit(column: str, text: str) -> bool:
    return bool(BRACKETS.fullmatch(text)) or known_unit(column, text) is not None


def _bare(text: str) -> str:
    inside = BRACKETS.fullmatch(text)
    return inside[1].strip() if inside else text


def _has_digit(text: str) -> bool:
    return any(letter.isdecimal() for letter in text)


def _date_order(text: str) -> str | None:
    """DMY out of `dd.MM.yyyy HH:mm`, null when the text is no format of a date."""
    runs = re.findall(r"[a-z]+", text.casefold())[:3]
    order = "".join(DATE_PARTS.get(run, "") for run in runs)
    return order if order in DATE_ORDERS else None


def _refuse_contradictions(units: dict[str, str], columns: ColumnMap) -> None:
    for column, unit in units.items():
        stated = columns.unit(column)
        if stated and stated != unit:
            raise FileRejected(
                "F007_HEADER",
                f"{columns.header(column)!r} says {stated}, the row of units below it says {unit}",
                place="header",
                remedy="export the file with one unit per column",
            )
