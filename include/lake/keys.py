"""The key grammar of the lake. A key that does not follow it does not exist for us.

raw/{source}/{organization_id}/{YYYY-MM-DD}/{name}                  dropped by a client: the inbox
raw/{source}/{organization_id}/{YYYY-MM-DD}/landed/{hash}/{name}    landed by us, immutable
validated/..., quarantine/...                                       copies of landed objects by verdict
archive/...                                                         evidence and expired partitions
"""

import re
from dataclasses import dataclass
from datetime import date

from include.core.errors import InvalidKey

ZONES = ("raw", "validated", "quarantine", "archive")
INBOX_SOURCES = ("manual", "snowflake")
LONGEST_KEY = 900

_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._=+@ ()-]{0,199}"
_KEY = re.compile(rf"(?:{'|'.join(ZONES)})(?:/{_SEGMENT})+")
_RAW = re.compile(
    rf"raw/(?P<source>[a-z][a-z0-9_]{{0,49}})/(?P<organization_id>[1-9][0-9]{{0,17}})/(?P<day>\d{{4}}-\d{{2}}-\d{{2}})"
    rf"/(?:landed/(?P<hash>[0-9a-f]{{16}})/)?(?P<name>{_SEGMENT}(?:/{_SEGMENT})*)"
)


@dataclass(frozen=True, slots=True)
class RawKey:
    """The parts of a key in the raw zone; `content_hash` is empty for an object that a client dropped."""

    source: str
    organization_id: int
    day: date
    name: str
    content_hash: str = ""

    def __str__(self) -> str:
        landed = f"landed/{self.content_hash}/" if self.content_hash else ""
        return f"raw/{self.source}/{self.organization_id}/{self.day.isoformat()}/{landed}{self.name}"


def check(key: str) -> str:
    """Return the key as it is if it follows the grammar; raise `InvalidKey` otherwise."""
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key) or ".." in key or key.startswith("/"):
        raise InvalidKey(
            f"{key[:120]!r} is no lake key", remedy="use raw/{source}/{organization_id}/{YYYY-MM-DD}/{file name}"
        )
    return key


def parse_raw(key: str) -> RawKey:
    """Take a raw key apart; raise `InvalidKey` when it does not follow the grammar."""
    match = _RAW.fullmatch(check(key))
    if match is None or (match["hash"] is None and match["name"].startswith("landed/")):
        raise InvalidKey(
            f"{key[:120]!r} is no raw key", remedy="use raw/{source}/{organization_id}/{YYYY-MM-DD}/{file name}"
        )
    try:
        day = date.fromisoformat(match["day"])
    except ValueError as error:
        raise InvalidKey(f"{key[:120]!r} names no day of the calendar") from error
    return RawKey(match["source"], int(match["organization_id"]), day, match["name"], match["hash"] or "")


def landed(source: str, organization_id: int, day: date, content_key: str, name: str) -> str:
    """The key under which an accepted delivery is stored; the client's name survives in safe letters."""
    return check(str(RawKey(source, organization_id, day, safe_name(name), content_key[:16])))


def disposition(zone: str, landed_key: str) -> str:
    """The key of a landed object's copy in `validated/` or `quarantine/`."""
    if zone not in {"validated", "quarantine"}:
        raise InvalidKey(f"{zone!r} is no verdict zone")
    parse_raw(landed_key)
    return check(f"{zone}/{landed_key.removeprefix('raw/')}")


def safe_name(name: str) -> str:
    """A file name reduced to letters that are safe everywhere; never a path."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = re.sub(r"[^A-Za-z0-9._=+@ ()-]", "_", base)
    cleaned = re.sub(r"\.{2,}", ".", cleaned)[-150:].lstrip("._=+@ ()-")
    return cleaned or "unnamed"
