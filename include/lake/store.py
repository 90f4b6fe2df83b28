"""The lake: immutable objects over `file://` or `s3://`, written once and verified by reading them back.

`file://` objects appear by an atomic link, `s3://` objects by a conditional put, so a reader never sees half an
object and a second writer never replaces the first.
"""

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import fsspec

from include.core import settings
from include.core.errors import (
    ConfigurationError,
    InvalidKey,
    LakeUnavailable,
    NotFound,
    ObjectChanged,
    ObjectCorrupt,
    ObjectExists,
)
from include.lake import keys

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Listed:
    """An object found in the lake: its key, its size in bytes, and a version that changes with its content."""

    key: str
    size_bytes: int
    version: str


def sha256_of(stream: IO[bytes], copy_to: IO[bytes] | None = None) -> tuple[str, int]:
    """SHA-256 and length in bytes of a stream, copying it along when asked."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if copy_to is not None:
            copy_to.write(chunk)
    return digest.hexdigest(), size


@contextmanager
def _reached() -> Iterator[None]:
    """Decorates what talks to the store: its outages become one named error, on disks and on S3 alike."""
    from botocore.exceptions import BotoCoreError

    try:
        yield
    except (OSError, BotoCoreError) as error:
        # the reason names folders and hosts: it is for the log, and clients are told the message
        reason = f"{type(error).__name__}: {error}"
        raise LakeUnavailable("the lake does not answer", place=reason, remedy="try again in a minute") from error


class Lake:
    """Objects below one URL. Keys are checked against the grammar before anything is touched."""

    def __init__(self, url: str | None = None) -> None:
        parts = urlsplit(url or settings.lake_url())
        if parts.scheme not in {"file", "s3"}:
            raise ConfigurationError(
                f"LAKE_URL has scheme {parts.scheme!r}", remedy="use file:///folder or s3://bucket"
            )
        self.scheme = parts.scheme
        self.root = (parts.path if self.scheme == "file" else f"{parts.netloc}{parts.path}").rstrip("/")
        self.fs = fsspec.filesystem(self.scheme, use_listings_cache=False, **_connection_options(self.scheme))

    @_reached()
    def put(self, key: str, source: Path | bytes, sha256: str) -> None:
        """Store bytes or a file under a new key and verify them; the same bytes again are fine."""
        path = self._path(key)
        if self.fs.exists(path):
            self._require_same(key, sha256)
            return
        try:
            if self.scheme == "file":
                _link_into_place(Path(path), source)
            elif isinstance(source, bytes):
                self.fs.pipe_file(path, source, mode="create")
            else:
                self.fs.put_file(str(source), path, mode="create")
        except FileExistsError:
            pass  # another writer was faster; whether it wrote the same bytes is checked next
        self._require_same(key, sha256)

    def put_bytes(self, key: str, body: bytes) -> str:
        """Store bytes under a new key and return their SHA-256."""
        sha256 = hashlib.sha256(body).hexdigest()
        self.put(key, body, sha256)
        return sha256

    @_reached()
    def copy(self, key: str, to: str, sha256: str) -> None:
        """Copy an object under another key without moving its bytes through here, and verify the copy."""
        source, target = self._path(key), self._path(to)
        if not self.fs.exists(target):
            if self.scheme == "file":
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileExistsError):
                    os.link(source, target)
            else:
                self.fs.copy(source, target)
        self._require_same(to, sha256)

    @_reached()
    def remove_copy(self, key: str) -> None:
        """Remove a verdict's copy that no longer holds; the landed original is out of reach of this."""
        if not key.startswith(("validated/", "quarantine/")):
            raise InvalidKey(f"{key[:120]!r} is no copy")
        with suppress(FileNotFoundError):
            self.fs.rm_file(self._path(key))

    @_reached()
    def open(self, key: str) -> IO[bytes]:
        """Open an object for reading."""
        try:
            return self.fs.open(self._path(key), "rb")
        except FileNotFoundError as error:
            raise NotFound(f"the lake has no object {key}") from error

    @_reached()
    def read(self, key: str) -> bytes:
        """All bytes of a small object."""
        with self.open(key) as stream:
            return stream.read()

    @_reached()
    def exists(self, key: str) -> bool:
        """Whether an object of that key exists."""
        return self.fs.exists(self._path(key))

    @_reached()
    def retain(self, key: str, until: datetime) -> None:
        """Lock an object of `s3://` until an instant: nobody, not even the bucket's owner, can remove or replace it.

        Object Lock in COMPLIANCE mode, which can be prolonged but never shortened; raises `ConfigurationError` where
        the bucket has none. Files have no such lock: on `file://` this does nothing.
        """
        if self.scheme == "file":
            return
        from botocore.exceptions import ClientError

        bucket, _, name = self._path(key).partition("/")
        try:
            self.fs.call_s3(
                "put_object_retention",
                Bucket=bucket,
                Key=name,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
            )
        except (ClientError, OSError) as error:
            if isinstance(error, OSError) and not isinstance(error.__cause__, ClientError):
                raise
            raise ConfigurationError(
                "the lake's bucket does not lock objects",
                place=bucket,
                remedy="make the bucket with Object Lock, or unset SUNLEDGER_EVIDENCE_LOCK_DAYS",
            ) from error

    def uri(self, key: str) -> str:
        """The address of an object, for people and for evidence."""
        return f"{self.scheme}://{self._path(key)}"

    def presigned_put(
        self, key: str, life_s: int, *, content_type: str | None, size_bytes: int | None, sha256: str | None
    ) -> tuple[str, dict[str, str]]:
        """A URL to put a new object under for `life_s` seconds, and the headers it must come with; on `s3://` only.

        What is promised of the object is part of the signature: the store refuses any other.
        """
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode() if sha256 else None
        promised = {
            "IfNoneMatch": ("If-None-Match", "*"),
            "ContentType": ("Content-Type", content_type),
            "ContentLength": ("Content-Length", size_bytes),
            "ChecksumSHA256": ("x-amz-checksum-sha256", checksum),
        }
        signed = {name: value for name, (_, value) in promised.items() if value is not None}
        url = self.fs.url(self._path(key), expires=life_s, client_method="put_object", **signed)
        return url, {header: str(value) for header, value in promised.values() if value is not None}

    @contextmanager
    def local_file(self, key: str, sha256: str) -> Iterator[Path]:
        """The object as a verified local file: itself on `file://`, a temporary copy on `s3://`."""
        if self.scheme == "file":
            with self.open(key) as stream:
                found, _ = sha256_of(stream)
            _compare(key, found, sha256)
            yield Path(self._path(key))
            return
        with tempfile.TemporaryDirectory(prefix="sunledger-") as folder:
            path = Path(folder) / "object"
            with self.open(key) as stream, path.open("wb") as copy:
                found, _ = sha256_of(stream, copy)
            _compare(key, found, sha256)
            yield path

    def list(self, prefix: str) -> Iterator[Listed]:
        """Objects below a prefix, in the order of their keys; names outside the grammar are listed as well."""
        base = f"{self.root}/{prefix}".rstrip("/")
        found: dict[str, Any] = self.fs.find(base, detail=True) if self.fs.exists(base) else {}
        for path in sorted(found):
            info = found[path]
            yield Listed(path[len(self.root) + 1 :], int(info["size"]), _version(info))

    def fetch_version(self, listed: Listed, to: Path) -> tuple[str, int]:
        """Copy the sensed version of a client's object to a local file; raise if it was replaced meanwhile."""
        path = f"{self.root}/{listed.key}"
        try:
            with self.fs.open(path, "rb") as stream, to.open("wb") as copy:
                sha256, size = sha256_of(stream, copy)
            now = _version(self.fs.info(path))
        except FileNotFoundError as error:
            raise ObjectChanged(f"{listed.key} disappeared while it was read") from error
        if now != listed.version or size != listed.size_bytes:
            raise ObjectChanged(
                f"{listed.key} was replaced while it was read", remedy="the new version is picked up next"
            )
        return sha256, size

    def _path(self, key: str) -> str:
        return f"{self.root}/{keys.check(key)}"

    def _require_same(self, key: str, sha256: str) -> None:
        with self.open(key) as stream:
            found, _ = sha256_of(stream)
        if found != sha256:
            raise ObjectExists(f"{key} holds other bytes (SHA-256 {found[:12]}, expected {sha256[:12]})")


def _compare(key: str, found: str, expected: str) -> None:
    if found != expected:
        raise ObjectCorrupt(f"{key} has SHA-256 {found[:12]}, expected {expected[:12]}", place=key)


def _version(info: dict[str, Any]) -> str:
    if etag := info.get("ETag"):
        return f"{etag}/{info.get('VersionId') or ''}".strip('"')
    return f"{info.get('ino', 0)}-{info['size']}-{info['mtime']}"


def _link_into_place(path: Path, source: Path | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as copy:
            if isinstance(source, bytes):
                copy.write(source)
            else:
                with source.open("rb") as stream:
                    sha256_of(stream, copy)
            copy.flush()
            os.fsync(copy.fileno())
        os.link(temporary, path)
    finally:
        Path(temporary).unlink()


def _connection_options(scheme: str) -> dict[str, Any]:
    """Keys and endpoint of the Airflow connection `lake`, from `AIRFLOW_CONN_LAKE` in JSON or URI form."""
    if scheme != "s3":
        return {}
    # signed URLs would else carry the old signature, which binds neither size nor checksum
    signing = {"config_kwargs": {"signature_version": "s3v4"}}
    connection = os.environ.get("AIRFLOW_CONN_LAKE", "").strip()
    if not connection:
        return signing
    if connection.startswith("{"):
        fields = json.loads(connection)
        extra = fields.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        login, password = fields.get("login"), fields.get("password")
    else:
        uri = urlsplit(connection)
        extra = dict(parse_qsl(uri.query))
        login, password = unquote(uri.username or "") or None, unquote(uri.password or "") or None
    client = {"region_name": extra["region_name"]} if "region_name" in extra else {}
    keys_and_place = {"key": login, "secret": password, "endpoint_url": extra.get("endpoint_url")}
    return {**keys_and_place, "client_kwargs": client, **signing}
