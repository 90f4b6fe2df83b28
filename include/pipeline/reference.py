"""Loads reference data: every row is checked first, all errors are listed, and loading again changes nothing.

By default nothing is written unless every row is right; `is_partial` writes the right ones. Rows are independent: one
that the database refuses leaves the others as they are.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from include.core.errors import ConfigurationError, FileRejected, ReferenceRefused
from include.pipeline.reference_cells import CellRefused, day
from include.pipeline.reference_kinds import KINDS, Column, Kind
from include.warehouse import audit, reference
from include.warehouse.database import Connection, connect

LARGEST_FILE_BYTES = 50 << 20
SHOWN_LETTERS = 200
LISTED_CHANGES = 1000


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong with one cell of a line, and what to do; `column` is empty where the whole row is concerned."""

    line: int
    column: str
    value: str
    message: str
    remedy: str


@dataclass(slots=True)
class Report:
    """What became of each line: `inserted`, `updated`, `unchanged`, `new version` or `refused`.

    ignored:    names that are no columns of the kind
    is_written: false for a dry run, and when one refused row kept all others out
    """

    kind: str
    outcomes: dict[int, str] = field(default_factory=dict)
    errors: list[CellError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    is_written: bool = False

    def counts(self) -> dict[str, int]:
        """Lines by outcome."""
        words = list(self.outcomes.values())
        return {word: words.count(word) for word in dict.fromkeys(words)}

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "is_written": self.is_written,
            "counts": self.counts(),
            "rows": [{"line": line, "outcome": outcome} for line, outcome in sorted(self.outcomes.items())],
            "errors": [asdict(error) for error in sorted(self.errors, key=lambda error: error.line)],
            "ignored_columns": self.ignored,
        }


def load_file(path: Path, kind: str, organization_id: int | None, **options: Any) -> Report:
    """Load a CSV file with a header; lines are counted as in the file. Options are those of `load_rows`."""
    return load_rows(read_csv(path), kind, organization_id, subject=path.name, **options)


def load_rows(
    rows: Iterable[tuple[int, Mapping[str, str | None]]],
    kind: str,
    organization_id: int | None,
    *,
    actor: str,
    subject: str = "rows",
    is_dry_run: bool = False,
    is_partial: bool = False,
    date_order: str | None = None,
) -> Report:
    """Load rows of (line number, cell by column name) in one transaction."""
    if kind not in KINDS:
        raise ConfigurationError(f"there is no reference data of kind {kind!r}", remedy=f"use {', '.join(KINDS)}")
    if KINDS[kind].has_organization and organization_id is None:
        raise ConfigurationError(f"whose {kind} is it?", remedy="name the organization")
    rows = list(rows)
    report = Report(kind, ignored=unknown_columns(kind, [name for _, cells in rows[:1] for name in cells]))
    with connect() as connection:
        loading = _Loading(connection, KINDS[kind], organization_id, date_order, report)
        for line, cells in _mothers_first(kind, rows):
            loading.put(line, cells)
        if is_dry_run or (report.errors and not is_partial):
            connection.rollback()
            return report
        changes = {line: word for line, word in report.outcomes.items() if word not in {"unchanged", "refused"}}
        if changes:
            audit.record(
                connection,
                actor=actor,
                action="load reference data",
                subject=f"{kind}: {subject}"[:SHOWN_LETTERS],
                organization_id=organization_id,
                details={"counts": report.counts(), "lines": dict(list(changes.items())[:LISTED_CHANGES])},
            )
    report.is_written = bool(changes)
    return report


def unknown_columns(kind: str, names: Iterable[str]) -> list[str]:
    """Those of some names that are no columns of a kind."""
    known = {name for column in KINDS[kind].columns for name in (column.name, *column.aliases)}
    return [name for name in names if _plain(name) not in known]


class _Loading:
    """One kind on its way into the warehouse, line by line."""

    def __init__(
        self,
        connection: Connection,
        kind: Kind,
        organization_id: int | None,
        date_order: str | None,
        report: Report,
    ) -> None:
        self.connection, self.kind, self.report = connection, kind, report
        self.organization_id, self.date_order = organization_id, date_order
        self._lines: dict[tuple[Any, ...], int] = {}

    def put(self, line: int, cells: Mapping[str, str | None]) -> None:
        """Check one line and write it; what is wrong goes to the report."""
        known = len(self.report.errors)
        values = self._values(line, _normalised(cells))
        if len(self.report.errors) == known:
            try:
                self._derive(line, values)
                self._refuse_repetition(line, values)
                if len(self.report.errors) == known:
                    self.report.outcomes[line] = self._write(values)
                    return
            except ReferenceRefused as error:
                self._note(line, error.place, str(values.get(error.place) or ""), error.message, error.remedy)
        self.report.outcomes[line] = "refused"

    def _values(self, line: int, cells: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {"organization_id": self.organization_id} if self.kind.has_organization else {}
        for column in self.kind.columns:
            name = next((name for name in (column.name, *column.aliases) if cells.get(name)), None)
            if name is None:
                if column.is_required:
                    self._note(line, column.name, "", "is missing", f"fill in {column.name}")
                elif not column.is_kept and not cells.keys().isdisjoint((column.name, *column.aliases)):
                    values[column.name] = None
                continue
            try:
                values[column.name] = self._read(column, cells[name], values)
            except CellRefused as error:
                self._note(line, name, cells[name], "cannot be used", f"use {error}")
            except ReferenceRefused as error:
                self._note(line, name, cells[name], error.message, error.remedy)
        return values

    def _read(self, column: Column, text: str, before: Mapping[str, Any]) -> Any:
        if "\x00" in text:
            raise CellRefused("text without NUL")
        value = column.read(text) if column.read is not day else day(text, self.date_order)
        if not column.lookup:
            return value
        found = reference.find(
            self.connection, column.lookup, self.organization_id or 0, value, contract_id=before.get("contract_id")
        )
        if found is None:
            raise CellRefused(_wanted(column.lookup, before))
        return found

    def _derive(self, line: int, values: dict[str, Any]) -> None:
        """What follows from other cells."""
        if self.kind.table == "reference_price":
            self._derive_price(line, values)
        if self.kind.days:
            first, last = (values.get(name) for name in self.kind.days)
            if first and last and first > last:
                remedy = f"change it or {self.kind.days[0]}, {first}"
                self._note(line, self.kind.days[1], str(last), f"lies before {self.kind.days[0]}", remedy)
                return
        if self.kind.table == "tariff":
            values.setdefault("valid_from_on", None)
        if self.kind.table == "billing_period":
            values.setdefault("calendar", "month")
            if name := reference.overlapping_period(self.connection, values):
                self._note(
                    line, "start_on", str(values["start_on"]), f"overlaps the period {name!r}", "change the days"
                )

    def _derive_price(self, line: int, values: dict[str, Any]) -> None:
        start = values["period_start_on"]
        if values.get("period_end_on") is None:
            following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
            values["period_end_on"] = (
                following if values["observation_type"] == "monthly" else _a_year_later(start)
            ) - timedelta(days=1)
        if values.get("operating_year") is None:
            values["operating_year"] = reference.operating_year(self.connection, values["project_id"], start)
        if values["operating_year"] is None:
            remedy = "fill it in, or register the plant's cod_date"
            self._note(line, "operating_year", "", "does not follow from the period", remedy)

    def _refuse_repetition(self, line: int, values: dict[str, Any]) -> None:
        key = tuple(values.get(name) for name in self.kind.key)
        earlier = self._lines.setdefault(key, line)
        if earlier != line:
            self._note(line, self.kind.key[-1], str(key[-1]), f"repeats line {earlier}", "keep one of the two lines")

    def _write(self, values: dict[str, Any]) -> str:
        if self.kind.is_versioned:
            return reference.put_version(self.connection, values)
        return reference.put(self.connection, self.kind.table, self.kind.key, values, is_stamped=self.kind.is_stamped)

    def _note(self, line: int, column: str, value: str, message: str, remedy: str) -> None:
        self.report.errors.append(CellError(line, column, value[:SHOWN_LETTERS], message, remedy))


def read_csv(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """The rows of a CSV file with their line numbers; comma, semicolon or tab, UTF-8 with or without a mark."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise FileRejected("F003_TOO_LARGE", f"{path.name} has more than {LARGEST_FILE_BYTES:,} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
        header = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=header.count)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, row) for row in reader if any(row.values())]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRejected("F002_UNPARSEABLE", f"{path.name}: {error}", remedy="save it as CSV in UTF-8") from error
    if not rows:
        raise FileRejected("F001_EMPTY", f"{path.name} has no rows below a header")
    for line, row in rows:
        if None in row or None in row.values():
            raise FileRejected(
                "F002_UNPARSEABLE", "the line has more or fewer cells than the header", place=f"line {line}"
            )
    return rows


def _mothers_first(
    kind: str, rows: Iterable[tuple[int, Mapping[str, str | None]]]
) -> Iterable[tuple[int, Mapping[str, str | None]]]:
    """Lines that others may name as their mother come first."""
    if kind != "contract_line":
        return rows
    names = {"parent_contract_line_id", "parent", "parent_line"}
    return sorted(rows, key=lambda row: any(text for name, text in _normalised(row[1]).items() if name in names))


def _normalised(cells: Mapping[str, str | None]) -> dict[str, str]:
    return {_plain(name): "" if text is None else str(text).strip() for name, text in cells.items()}


def _plain(name: str) -> str:
    return str(name).strip().lower().replace(" ", "_")


def _wanted(lookup: str, before: Mapping[str, Any]) -> str:
    """What a cell must name that names nothing."""
    if lookup == "currency":
        return "the three letters of a currency, such as USD"
    owner = "the contract's plant" if lookup == "meter" and before.get("contract_id") else "this organization"
    return f"a {lookup.replace('_', ' ')} of {owner}; there is none of that name"


def _a_year_later(on: date) -> date:
    try:
        return on.replace(year=on.year + 1)
    except ValueError:  # the 29th of February
        return date(on.year + 1, 3, 1)
