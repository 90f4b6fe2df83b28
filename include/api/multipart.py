"""A form with one file, taken apart while it arrives: the file goes to disk, a few short fields stay in memory."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from include.api import bodies
from include.api.problems import Problem, malformed
from include.core import settings
from include.core.labels import label

FIELDS = ("source_type",)
FIELD_BYTES = 1000
AROUND_BYTES = 64 * 1024  # boundaries, headers and fields
SMALLER = "send a smaller file, or split it"


@dataclass(frozen=True, slots=True)
class Received:
    """A file that a client sent: where it is until the answer, the client's name for it, and the other fields."""

    path: Path
    sha256: str
    size_bytes: int
    name: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class Spool:
    """A file on disk that grows piece by piece, counted and hashed on the way."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path, self._most_bytes = path, most_bytes
        self._digest, self._size = hashlib.sha256(), 0
        self._stream = path.open("wb")

    def write(self, data: bytes) -> None:
        """Append; raises the problem of a body that is too large."""
        self._size += len(data)
        if self._size > self._most_bytes:
            raise bodies.too_large(self._most_bytes, SMALLER)
        self._digest.update(data)
        self._stream.write(data)

    def close(self) -> None:
        """No more is written."""
        self._stream.close()

    def received(self, name: str = "", fields: dict[str, str] | None = None) -> Received:
        """What arrived, once it is complete."""
        self.close()
        return Received(self._path, self._digest.hexdigest(), self._size, name, fields or {})


class Form:
    """The parts of a multipart body as they come."""

    def __init__(self, boundary: bytes, spool: Spool) -> None:
        self._spool = spool
        self._header = bytearray(), bytearray()
        self._headers: dict[str, str] = {}
        self._part = ""
        self._fields: dict[str, bytearray] = {}
        self._file_name: str | None = None
        self._is_complete = False
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": self._data,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError as error:
            raise _broken(str(error)) from None

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _broken(str(error)) from None

    def received(self) -> Received:
        """The file and the fields; half a form is a problem."""
        if not self._is_complete:
            raise _broken("the last boundary is missing")
        if self._file_name is None:
            raise malformed("the form has no part `file`", "file")
        fields = {name: text.decode("utf-8", "replace") for name, text in self._fields.items()}
        return self._spool.received(label(self._file_name), fields)

    def _begin(self) -> None:
        self._headers = {}

    def _end_header(self) -> None:
        name, value = (bytes(part).decode("latin-1") for part in self._header)
        self._headers[name.strip().lower()] = value
        self._header = bytearray(), bytearray()

    def _open(self) -> None:
        """See which part begins; only documented ones may, each once."""
        _, options = parse_options_header(self._headers.get("content-disposition"))
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part == "file":
            if self._file_name is not None:
                raise malformed("the form has more than one file", "file")
            self._file_name = options.get(b"filename", b"").decode("utf-8", "replace")
        elif self._part not in FIELDS or self._part in self._fields:
            raise malformed("the form has a part that is not documented, or twice", label(self._part))
        else:
            self._fields[self._part] = bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part == "file":
            self._spool.write(data[start:end])
            return
        value = self._fields[self._part]
        value.extend(data[start:end])
        if len(value) > FIELD_BYTES:
            raise malformed(f"longer than {FIELD_BYTES} bytes", self._part)

    def _end(self) -> None:
        self._is_complete = True


async def one_file(request: Request) -> AsyncIterator[Received]:
    """A dependency that receives a form with one file; the file is gone after the answer."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Problem(415, "E607_MEDIA_TYPE", "the body is not a form with a file", "send multipart/form-data")
    most_bytes = settings.upload_limit_bytes()
    with tempfile.TemporaryDirectory(prefix="sunledger-upload-") as folder:
        spool = Spool(Path(folder) / "file", most_bytes)
        try:
            form = Form(options[b"boundary"], spool)
            await _fill(request, form, most_bytes + AROUND_BYTES)
            received = form.received()
        finally:
            spool.close()
        yield received


async def bare_file(request: Request) -> AsyncIterator[Received]:
    """A dependency that receives a body that is the file; the file is gone after the answer."""
    most_bytes = settings.upload_limit_bytes()
    with tempfile.TemporaryDirectory(prefix="sunledger-upload-") as folder:
        spool = Spool(Path(folder) / "file", most_bytes)
        try:
            await _fill(request, spool, most_bytes)
        finally:
            spool.close()
        yield spool.received()


async def _fill(request: Request, target: Form | Spool, most_bytes: int) -> None:
    async for piece in bodies.pieces(request, most_bytes, SMALLER):
        await run_in_threadpool(target.write, piece)


def _broken(why: str) -> Problem:
    return Problem(422, "F002_UNPARSEABLE", f"the form cannot be read: {why}", "send multipart/form-data")
