"""Which format a dropped file has: magic bytes first, then its text, its name only as a tie-break."""

import codecs
import json
import zlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from include.core.errors import FileRejected

HEAD_BYTES = 65536

GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

FOREIGN_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"7z\xbc\xaf": "7-Zip",
    b"Rar!": "RAR",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"ARROW1": "Arrow IPC",
    b"\x89HDF": "HDF5",
    b"SQLite": "SQLite",
    b"\x7fELF": "a program",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"PARE": "encrypted Parquet",
}

CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\f"))
CONTROL_SHARE = 0.1


class Kind(StrEnum):
    """The formats that can be read; the values are those of the file register."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Format:
    """How the bytes of a file are to be read. `encoding` is null when the bytes do not declare one."""

    kind: Kind
    is_gzip: bool = False
    encoding: str | None = None


def detect(name: str, head: bytes, encoding: str | None = None) -> Format:
    """Name the format of a file from its first bytes; `encoding` is the declared one, if any."""
    is_gzip = head.startswith(GZIP)
    if is_gzip:
        head = _expanded(head, name)
    if head.startswith(PARQUET):
        return Format(Kind.PARQUET, is_gzip)
    found = _byte_order_mark(head) or encoding
    text = _text(head, found, name)
    return Format(_text_kind(name, text), is_gzip, found)


def _expanded(head: bytes, name: str) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise FileRejected(
            "F002_UNPARSEABLE", f"{name} is not valid gzip: {error}", place="byte 0", remedy="compress the file again"
        ) from error


def _byte_order_mark(head: bytes) -> str | None:
    return next((encoding for mark, encoding in BYTE_ORDER_MARKS.items() if head.startswith(mark)), None)


def _text(head: bytes, encoding: str | None, name: str) -> str:
    kind = next((kind for magic, kind in FOREIGN_MAGIC.items() if head.startswith(magic)), None)
    is_wide = encoding is not None and "16" in encoding
    controls = len(head) - len(head.translate(None, CONTROL_BYTES))
    if kind is None and not is_wide and controls > CONTROL_SHARE * len(head):
        kind = "binary data of an unknown kind"
    if kind:
        raise FileRejected(
            "F002_UNPARSEABLE",
            f"{name} is {kind}",
            place="byte 0",
            remedy="export it as CSV, JSON, NDJSON or Parquet, optionally gzipped",
        )
    return decoder(encoding, errors="replace").decode(head).lstrip("\ufeff")


def decoder(encoding: str | None, errors: str = "strict") -> codecs.IncrementalDecoder:
    """Incremental decoder of a declared encoding (default UTF-8)."""
    try:
        return codecs.getincrementaldecoder(encoding or "utf-8")(errors=errors)
    except LookupError as error:
        raise FileRejected(
            "F002_UNPARSEABLE", f"unknown encoding {encoding!r}", remedy="declare an encoding that Python knows"
        ) from error


def _text_kind(name: str, text: str) -> Kind:
    start = text.lstrip()
    if start.startswith("["):
        return Kind.JSON
    if start.startswith("{"):
        return Kind.NDJSON if _is_object_per_line(start) else Kind.JSON
    suffix = PurePosixPath(name.lower().removesuffix(".gz")).suffix
    if suffix in {".json", ".ndjson", ".jsonl", ".parquet"} and start:
        raise FileRejected(
            "F002_UNPARSEABLE",
            f"{name} does not hold what its name promises",
            place="byte 0",
            remedy="name the file after its format, or export it again",
        )
    return Kind.CSV


def _is_object_per_line(start: str) -> bool:
    first, _, rest = start.partition("\n")
    if not rest.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False
