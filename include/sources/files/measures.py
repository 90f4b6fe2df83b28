"""Columns of numbers: a whole column at once where it is clean, cell by cell where it is not."""

from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import ConfigurationError
from include.core.numbers import NULL_TEXTS, DecimalMark, NumberRefused, parse
from include.sources.files.cells import (
    BadCell,
    as_text,
    bad_cell,
    blanked,
    cast_where_possible,
    put,
    read_by_hand,
    trimmed,
)
from include.sources.files.columns import known_unit

NULLS = pa.array(NULL_TEXTS)
DECIMAL_COMMA = r"^\s*[+-]?(\d+,(\d{1,2}|\d{4,})|0,\d+|\d{1,3}(\.\d{3})+,\d+|\d{4,},\d+)([^\d.,]+2?)?$"
NUMBER_AND_UNIT = r"^(?P<number>.*?\d[.,]?)[\s\x{a0}\x{2009}\x{202f}]*(?P<unit>[\pL°/]+[2²]?)$"
INT32_MAX = 2**31 - 1


class Numbers(NamedTuple):
    """A column of numbers, its failed cells, and the unit that each cell carries itself (null: none does)."""

    values: pa.DoubleArray
    bad: list[BadCell]
    units: pa.StringArray | None = None


TO_WM2 = {"w/m2": 1.0, "kw/m2": 1000.0}
CELSIUS, FAHRENHEIT = ("c", "°c", "celsius"), ("f", "°f", "fahrenheit")


def decimal_mark(declared: str | None, delimiter: str | None, columns: list[pa.Array]) -> DecimalMark:
    """The decimal mark of a file: declared, or a comma when a `;` or tab file shows it beyond doubt, else a point."""
    if declared:
        if declared not in (".", ","):
            raise ConfigurationError(f"decimal_mark {declared!r}", remedy="declare '.' or ','")
        return DecimalMark(declared, is_declared=True)
    texts = [column for column in columns if pa.types.is_string(column.type)]
    if delimiter in (";", "\t") and _shows(texts, DECIMAL_COMMA):
        return DecimalMark(",")
    return DecimalMark(".")


def _shows(columns: list[pa.StringArray], pattern: str) -> bool:
    return any(pc.any(pc.match_substring_regex(column, pattern)).as_py() for column in columns)


def numbers(cells: pa.Array, style: DecimalMark, null_values: tuple[str, ...], column: str = "") -> Numbers:
    """Read a column of numbers, which may carry units of our `column`; booleans and the infinite are refused."""
    nulls = tuple(map(str, null_values))
    if pa.types.is_string(cells.type):
        values, bad, units = _from_text(cells, style, nulls, column)
    else:
        values, bad, units = _from_typed(cells)
    values = _without(values, nulls)
    infinite = pc.indices_nonzero(pc.invert(pc.is_finite(values))).to_pylist()
    bad += [bad_cell(index, "R202_NOT_FINITE", as_text(cells[index : index + 1])[0].as_py()) for index in infinite]
    return Numbers(blanked(values, bad), bad, units)


def _from_typed(cells: pa.Array) -> Numbers:
    kind = cells.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if is_number or pa.types.is_null(kind):
        return Numbers(cells.cast(pa.float64(), safe=False), [])
    texts = as_text(cells).to_pylist()
    bad = [bad_cell(index, "R201_NOT_NUMERIC", text) for index, text in enumerate(texts) if text is not None]
    return Numbers(pa.nulls(len(cells), pa.float64()), bad)


def _from_text(cells: pa.StringArray, style: DecimalMark, null_values: tuple[str, ...], column: str) -> Numbers:
    if style.mark == ".":
        try:
            return Numbers(cells.cast(pa.float64()), [])
        except pa.ArrowInvalid:
            pass  # some cell needs a closer look
    text = trimmed(cells)
    is_null = pc.or_(
        pc.is_in(pc.utf8_lower(text), value_set=NULLS), pc.is_in(text, value_set=pa.array(null_values, pa.string()))
    )
    text, units = _parted(pc.if_else(is_null, None, text), column)
    values = cast_where_possible(text if style.mark == "." else _with_point(text), pa.float64())
    is_left = pc.and_(pc.is_valid(text), pc.is_null(values))
    by_hand, bad = read_by_hand(text, is_left, partial(parse, style=style))
    bad = [bad_cell(cell.index, cell.code, cells[cell.index].as_py(), cell.remedy) for cell in bad]
    return Numbers(put(values, by_hand), bad, units)


def _parted(text: pa.StringArray, column: str) -> tuple[pa.StringArray, pa.StringArray | None]:
    """Numbers without the units behind them (`12.5 kWh`), and those units; other words stay where they are."""
    found = pc.extract_regex(text, NUMBER_AND_UNIT)
    words = pc.struct_field(found, "unit").dictionary_encode()
    known = pa.array([known_unit(column, word) if word else None for word in words.dictionary.to_pylist()], pa.string())
    units = known.take(words.indices)
    if units.null_count == len(units):
        return text, None
    return pc.if_else(pc.is_valid(units), pc.struct_field(found, "number"), text), units


def _with_point(text: pa.StringArray) -> pa.StringArray:
    """Decimal commas as points; cells with a point of their own are left to the careful reader."""
    own_point = pc.match_substring(text, ".")
    return pc.if_else(own_point, None, pc.replace_substring(text, ",", ".", max_replacements=1))


def _without(values: pa.DoubleArray, null_values: tuple[str, ...]) -> pa.DoubleArray:
    """Null where the number equals a declared "no value", however it was written (-1000000.0)."""
    sentinels = [number for text in null_values if (number := _number(text)) is not None]
    if not sentinels:
        return values
    return pc.if_else(pc.is_in(values, value_set=pa.array(sentinels, pa.float64())), None, values)


def _number(text: str) -> float | None:
    try:
        return parse(text, DecimalMark(".", is_declared=True))
    except NumberRefused:
        return None


def whole_numbers(cells: pa.Array, factor: int, smallest: int) -> tuple[pa.Int32Array, list[BadCell]]:
    """Read interval lengths, times `factor` (seconds a unit); what is no integer of at least `smallest` is R504."""
    values, bad, _ = numbers(cells, DecimalMark(".", is_declared=True), ())
    bad = [cell._replace(code="R504_INTERVAL_VALUE") if cell.code != "R204_TEXT" else cell for cell in bad]
    seconds = pc.multiply(values, float(factor))
    is_odd = pc.or_(pc.not_equal(pc.trunc(seconds), seconds), pc.greater(pc.abs(seconds), INT32_MAX))
    is_odd = pc.or_(is_odd, pc.less(values, smallest))
    remedy = "name the column interval_seconds or interval_minutes" if smallest else ""
    for index in pc.indices_nonzero(is_odd).to_pylist():
        bad.append(bad_cell(index, "R504_INTERVAL_VALUE", as_text(cells[index : index + 1])[0].as_py(), remedy))
    return blanked(seconds, bad).cast(pa.int32()), bad


def irradiance_wm2(values: pa.DoubleArray, unit: str | None) -> pa.DoubleArray:
    """Irradiance in W/m2 from a column whose header or column map states `unit` (default W/m2)."""
    factor = TO_WM2.get((unit or "W/m2").lower().replace("²", "2"))
    if factor is None:
        raise ConfigurationError(f"irradiance unit {unit!r}", remedy="declare W/m2 or kW/m2")
    return values if factor == 1.0 else pc.multiply(values, factor)


def temperature_c(values: pa.DoubleArray, unit: str | None) -> pa.DoubleArray:
    """Temperature in degrees Celsius from a column whose header or column map states `unit` (default C)."""
    name = (unit or "C").lower()
    if name in CELSIUS:
        return values
    if name in FAHRENHEIT:
        return pc.divide(pc.multiply(pc.subtract(values, 32.0), 5.0), 9.0)
    raise ConfigurationError(f"temperature unit {unit!r}", remedy="declare C or F")
