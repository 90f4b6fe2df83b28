"""The inbox: files that clients drop, in a local folder or under the lake's raw prefixes, each version once.

A local file counts as complete when its size and modification time have stayed the same for a while; names that
start with a dot or end in `.part`, `.tmp` or `.crdownload` are still being written by convention. An object in S3
appears only when it is complete.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from include.core import settings
from include.core.errors import InvalidKey, ObjectChanged, SunledgerError
from include.core.failpoints import failpoint
from include.lake import keys
from include.lake.store import Lake, Listed
from include.pipeline.land import land_file
from include.warehouse import files
from include.warehouse.database import connect, one_session

UNFINISHED_SUFFIXES = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True, slots=True)
class Dropped:
    """One version of a dropped object."""

    uri: str
    version: str
    source_system: str
    organization_id: int
    name: str
    listed: Listed | None = None
    path: Path | None = None


def waiting(settle_seconds: float | None = None) -> list[Dropped]:
    """Complete objects that nobody has picked up yet, local folder first, oldest name first."""
    settle = settings.settle_seconds() if settle_seconds is None else settle_seconds
    found = [*_local_files(settings.inbox_dir(), settle), *_lake_objects(Lake())]
    with connect() as connection:
        taken = files.taken_versions(connection, [dropped.uri for dropped in found])
    return [dropped for dropped in found if (dropped.uri, dropped.version) not in taken]


def pick_up() -> list[int]:
    """Land every waiting object and remember its version; returns the load ids.

    An object that was replaced while it was read stays for the next round. One that cannot be landed, such as a
    file for an unknown organization, is remembered with its reason and does not stop the others.
    """
    taken = (take_in(dropped) for dropped in waiting())
    return [load_id for load_id in taken if load_id is not None]


@one_session()
def take_in(dropped: Dropped, *, name: str | None = None, uri: str | None = None) -> int | None:
    """Land one object, under another name or URI when asked, and remember its version; None when that cannot be now."""
    with files.sole_taker(dropped.uri, dropped.version) as is_ours:
        if not is_ours:
            return None
        try:
            load_id, message = _land(dropped, name or dropped.name, uri or dropped.uri), None
        except ObjectChanged:
            return None
        except SunledgerError as error:
            load_id, message = None, str(error)
        failpoint("inbox_landed")
        with connect() as connection:
            files.take(
                connection,
                dropped.uri,
                dropped.version,
                dropped.organization_id,
                dropped.source_system,
                load_id,
                message,
            )
    return load_id


def in_lake(key: str) -> Dropped | None:
    """The object that lies under an inbox key of the lake now, if any."""
    listed = next(iter(Lake().list(keys.check(key))), None)
    if listed is None:
        return None
    parsed = keys.parse_raw(key)
    return Dropped(f"lake:{key}", listed.version, parsed.source, parsed.organization_id, parsed.name, listed=listed)


def _land(dropped: Dropped, name: str, uri: str) -> int:
    with connect() as connection:
        files.require_organization(connection, dropped.organization_id)
    with _pinned(dropped) as path:
        load = land_file(
            path,
            name=name,
            organization_id=dropped.organization_id,
            source_system=dropped.source_system,
            uri=uri,
        )
    return load["load_id"]


@contextmanager
def _pinned(dropped: Dropped) -> Iterator[Path]:
    """A private copy of exactly the version that was sensed."""
    with tempfile.TemporaryDirectory(prefix="sunledger-inbox-") as folder:
        path = Path(folder) / "object"
        if dropped.listed is not None:
            Lake().fetch_version(dropped.listed, path)
        else:
            with dropped.path.open("rb") as stream, path.open("wb") as copy:
                while chunk := stream.read(1 << 20):
                    copy.write(chunk)
            if not dropped.path.exists() or _local_version(dropped.path) != dropped.version:
                raise ObjectChanged(f"{dropped.uri} was replaced while it was read")
        yield path


def _local_files(folder: Path, settle: float) -> Iterator[Dropped]:
    """Files at `<source>/<organization_id>/...`; anything else in the folder is not ours to read."""
    for source in keys.INBOX_SOURCES:
        for path in sorted((folder / source).glob("[1-9]*/**/*")):
            parts = path.relative_to(folder).parts
            hidden = any(part.startswith(".") for part in parts) or path.name.lower().endswith(UNFINISHED_SUFFIXES)
            if hidden or path.is_symlink() or not path.is_file() or not parts[1].isdigit():
                continue
            if not _is_still(path, settle):
                continue
            yield Dropped(path.as_uri(), _local_version(path), source, int(parts[1]), path.name, path=path)


def _is_still(path: Path, settle: float) -> bool:
    """Whether nobody wrote or renamed for `settle` seconds; the inode's change time cannot be set by a client."""
    return time.time() - path.stat().st_ctime >= settle


def _local_version(path: Path) -> str:
    status = path.stat()
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def _lake_objects(lake: Lake) -> Iterator[Dropped]:
    for source in keys.INBOX_SOURCES:
        for listed in lake.list(f"raw/{source}"):
            key = _inbox_key(listed.key)
            if key is not None and not key.content_hash:
                yield Dropped(
                    f"lake:{listed.key}", listed.version, source, key.organization_id, key.name, listed=listed
                )


def _inbox_key(key: str) -> keys.RawKey | None:
    """A client's key taken apart; None for a key outside the grammar, which never becomes a path."""
    try:
        return keys.parse_raw(key)
    except InvalidKey:
        return None
