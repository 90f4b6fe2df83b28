"""JSON text as a stream of records: an array, an array wrapped in an object, one object, or one object a line.

Records are decoded one at a time from a sliding window of text, so memory does not grow with the file.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from include.core.errors import FileRejected
from include.core.json_objects import MemberRepeated
from include.sources.files.formats import decoder
from include.sources.files.limits import LIMITS, refuse_above
from include.sources.files.streams import Reader

WRAPPERS = ("readings", "data", "values", "records", "items")
WINDOW_BYTES = 1 << 19
BLANK = re.compile(r"[ \t\r\n]*")
Record = dict[str, Any]


class Window:
    """A sliding window over JSON text that decodes one value at a time."""

    def __init__(self, reader: Reader, decode: json.JSONDecoder, passed: int = 0) -> None:
        """`passed` characters of the file stood before what the reader gives."""
        self._reader = reader
        self._decoder = decoder(None)
        self._decode = decode
        self._text = ""
        self._at = 0
        self._passed = passed
        self._is_end = False

    @property
    def position(self) -> int:
        """Characters consumed so far."""
        return self._passed + self._at

    def peek(self) -> str:
        """The next character that is not blank, empty at the end."""
        while True:
            self._at = BLANK.match(self._text, self._at).end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def take(self, wanted: str) -> str:
        """Consume one of the wanted characters or fail."""
        found = self.peek()
        if not found or found not in wanted:
            raise self.malformed(f"expected one of {wanted!r}, found {found or 'the end'!r}")
        self._at += 1
        return found

    def value(self) -> Any:
        """Decode the next value, reading on until it is whole."""
        self.peek()
        while True:
            try:
                found, end = self._decode.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._read_on():
                    raise self.malformed(error.msg) from error
            except MemberRepeated as error:
                raise self.ambiguous(error) from None
            except RecursionError as error:
                raise self._too_deep() from error
            else:
                length = end - self._at
                if end < len(self._text) or not self._read_on():
                    self._at += length
                    return found

    def malformed(self, message: str) -> FileRejected:
        """The error for text that is no JSON, with its place."""
        place = f"character {self.position:,}"
        return FileRejected("F002_UNPARSEABLE", f"JSON: {message}", place=place, remedy="export or transfer it again")

    def ambiguous(self, message: object) -> FileRejected:
        """The error for text that readers may understand differently, with its place."""
        place = f"character {self.position:,}"
        return FileRejected("F009_AMBIGUOUS", f"JSON: {message}", place=place, remedy="say everything once")

    def _too_deep(self) -> FileRejected:
        return FileRejected("F003_TOO_LARGE", f"JSON nested deeper than {LIMITS.json_depth}", remedy="flatten the file")

    def _read_on(self) -> bool:
        """Append more text, at least as much as is waiting; false at the end of the file."""
        if self._is_end:
            return False
        waiting = self._text[self._at :]
        refuse_above(
            LIMITS.record_bytes, len(waiting), "characters in one record", place=f"character {self.position:,}"
        )
        block = self._reader.read(max(WINDOW_BYTES, len(waiting)))
        self._is_end = not block
        try:
            more = self._decoder.decode(block, final=self._is_end)
        except UnicodeDecodeError as error:
            raise self.malformed(f"the text is not UTF-8: {error.reason}") from error
        self._passed += self._at
        self._text, self._at = waiting + more, 0
        return not self._is_end


def records(window: Window, envelope: Record) -> Iterator[Record]:
    """Yield the records in order; simple members around a wrapped array are put into `envelope`."""
    if window.peek() == "[":
        yield from _array(window)
    elif window.peek() == "{":
        yield from _objects(window, envelope)
    if window.peek():
        raise window.malformed("text after the end of the data")


def _array(window: Window) -> Iterator[Record]:
    window.take("[")
    if window.peek() == "]":
        window.take("]")
        return
    while True:
        yield _record(window)
        if window.take(",]") == "]":
            return


def _record(window: Window) -> Record:
    found = window.value()
    if not isinstance(found, dict):
        raise window.malformed("a record is not an object")
    return found


def _objects(window: Window, envelope: Record) -> Iterator[Record]:
    """The first object member by member, as it may wrap an array; further objects are records, one a line."""
    first, wraps = {}, ""
    for name in _members(window):
        if name in WRAPPERS and window.peek() == "[":
            if wraps:
                raise window.ambiguous(f"records stand in {wraps!r} and in {name!r}")
            wraps = name
            yield from _array(window)
        else:
            first[name] = window.value()
    if wraps:
        envelope |= first
        return
    yield first
    yield from objects(window)


def objects(window: Window) -> Iterator[Record]:
    """Yield objects up to the end, none of which wraps others."""
    while window.peek():
        yield _record(window)


def _members(window: Window) -> Iterator[str]:
    """Yield the member names of an object; the caller consumes each value."""
    window.take("{")
    if window.peek() == "}":
        window.take("}")
        return
    seen: set[str] = set()
    while True:
        if window.peek() != '"':
            raise window.malformed("expected a member name")
        name = window.value()
        if name in seen:
            raise window.ambiguous(MemberRepeated(name))
        seen.add(name)
        window.take(":")
        yield name
        if window.take(",}") == "}":
            return
