"""The bytes of a dropped file: expanded, decoded to UTF-8 and counted against the limits while they flow."""

import codecs
import io
import itertools
import shutil
import tempfile
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from include.core.errors import FileRejected
from include.sources.files.formats import Format, decoder
from include.sources.files.limits import LIMITS, refuse_above

CHUNK_BYTES = 1 << 18
BLOCKS_AHEAD = 4
PATIENCE_S = 0.02
UTF8_NAMES = {"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"}


def chunks(path: Path, form: Format) -> Iterator[bytes]:
    """Yield the file's text as UTF-8 without byte order mark."""
    with path.open("rb") as source:
        plain = _inflated(source, path.stat().st_size) if form.is_gzip else iter(lambda: source.read(CHUNK_BYTES), b"")
        yield from _utf8(plain, form.encoding)


@contextmanager
def expanded_file(path: Path, form: Format) -> Iterator[Path]:
    """Give a seekable file: the path itself, or a temporary expansion of a gzipped one."""
    if not form.is_gzip:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, path.open("rb") as source:
        target = Path(folder) / "expanded"
        with target.open("wb") as sink:
            shutil.copyfileobj(Reader(_inflated(source, path.stat().st_size)), sink, CHUNK_BYTES)
        yield target


def _inflated(source: IO[bytes], size_bytes: int) -> Iterator[bytes]:
    """Expand all gzip members, refusing bombs as they grow and files cut before their end."""
    member, expanded = zlib.decompressobj(wbits=31), 0
    waiting, is_open = b"", False
    while block := waiting or source.read(CHUNK_BYTES):
        try:
            piece = member.decompress(block, CHUNK_BYTES)
        except zlib.error as error:
            raise _damaged(f"gzip: {error}", source.tell()) from error
        expanded += len(piece)
        _refuse_bomb(expanded, size_bytes)
        yield piece
        is_open, waiting = True, member.unconsumed_tail
        if member.eof:
            waiting, is_open = member.unused_data.lstrip(b"\0"), False
            member = zlib.decompressobj(wbits=31)
    yield from _rest(member, is_open, source.tell())


def _rest(member: "zlib._Decompress", is_open: bool, place: int) -> Iterator[bytes]:
    if is_open:
        yield member.flush()
        if not member.eof:
            raise _damaged("gzip data ends before its end mark", place)


def _damaged(message: str, place: int) -> FileRejected:
    return FileRejected("F002_UNPARSEABLE", message, place=f"byte {place:,}", remedy="transfer the file again")


def _refuse_bomb(expanded: int, size_bytes: int) -> None:
    refuse_above(LIMITS.expanded_bytes, expanded, "expanded bytes")
    if expanded > LIMITS.expansion_allowance:
        refuse_above(LIMITS.expansion_ratio, expanded // max(size_bytes, 1), "expansion ratio")


def _utf8(blocks: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """Check what is UTF-8 already, recode what is not; lone surrogates pass, they cost only their cell."""
    is_utf8 = encoding is None or encoding.lower() in UTF8_NAMES
    text, place = decoder(encoding, "surrogatepass" if is_utf8 else "strict"), 0
    for block in itertools.chain(filter(None, blocks), [b""]):
        try:
            piece = text.decode(block, final=not block)
        except UnicodeError as error:
            raise FileRejected(
                "F002_UNPARSEABLE",
                f"the text is not {encoding or 'UTF-8'}",
                place=f"byte {place + getattr(error, 'start', 0):,}",
                remedy="declare the file's encoding, or save it as UTF-8",
            ) from error
        raw = block if is_utf8 else piece.encode("utf-8", "surrogatepass")
        yield raw if place else raw.removeprefix(codecs.BOM_UTF8)
        place += len(block)


class Reader(io.RawIOBase):
    """A readable file over an iterator of byte blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._waiting = b""

    def readable(self) -> bool:
        """Always true; pyarrow asks."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, and nothing only at the end."""
        parts, length = [self._waiting], len(self._waiting)
        while size < 0 or length < size:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            length += len(block)
        whole = b"".join(parts)
        size = length if size < 0 else size
        piece, self._waiting = whole[:size], whole[size:]
        return piece

    def unread(self, piece: bytes) -> None:
        """Put bytes back in front."""
        self._waiting = piece + self._waiting


class OnDemand(io.RawIOBase):
    """A file for Arrow's reading thread, which would be 32 blocks ahead of what is parsed; here it is a few.

    It counts the quotes and remembers how the text ended.
    A pace, not a lock: after `PATIENCE_S` it reads on, as where a block makes no batch, so that nobody waits for ever.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._turns = threading.Semaphore(BLOCKS_AHEAD)
        self.last_byte = b""
        self.quotes = 0

    def readable(self) -> bool:
        """Always true; pyarrow asks."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes when it is their turn, and nothing only at the end."""
        self._turns.acquire(timeout=PATIENCE_S)
        piece = self._reader.read(size)
        self.last_byte = piece[-1:] or self.last_byte
        self.quotes += piece.count(b'"')
        return piece

    def paced(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The batches of what reads this file; each lets one more block be read."""
        for batch in batches:
            yield batch
            self._turns.release()
