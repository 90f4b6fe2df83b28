"""The offline checks, run in the house: before a pack is stored, and every week after."""

from collections.abc import Mapping, Sequence
from typing import Any

from include.core.errors import NotFound
from include.evidence.offline import verify
from include.lake.store import Lake
from include.security.signing import trusted_keys

sha256 = verify.sha256
Found = list[dict[str, Any]]


def of_members(members: Mapping[str, bytes], public_key_text: str, authority: bytes | None = None) -> Found:
    """All checks of a pack's members against a key, as rows: check, holds (null: not asked), details."""
    found = verify.verify(dict(members), verify.public_key(public_key_text), authority)
    return [_row(*check) for check in found]


def of_stored(lake: Lake, pack: Mapping[str, Any], authority: bytes | None = None) -> Found:
    """All checks of an archived pack: that it is there, is the one that was stored, and holds in itself.

    Raises `LakeUnavailable` when the store does not answer, which says nothing about the pack.
    """
    try:
        body = lake.read(pack["lake_key"])
    except NotFound:
        return [_row("stored object", False, f"{pack['lake_key']} is missing")]
    if sha256(body) != pack["pack_sha256"]:
        stored = _row(
            "stored object", False, f"{pack['lake_key']} has SHA-256 {sha256(body)[:16]}, not what was stored"
        )
    else:
        stored = _row("stored object", True, pack["lake_key"])
    try:
        members = verify.unzip(body)
    except verify.Failed as failure:
        return [stored, _row("zip file", False, str(failure))]
    key = trusted_keys().get(pack["signing_key_id"])
    if key is None:
        return [stored, _row("signature", False, f"key {pack['signing_key_id']} is not trusted here")]
    return [stored, *of_members(members, key, authority if "manifest.tsr" in members else None), _is_of(members, pack)]


def _is_of(members: Mapping[str, bytes], pack: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the pack is that of the event: a whole pack of another one would hold in itself."""
    is_own = sha256(members.get("manifest.json", b"")) == pack["manifest_sha256"]
    return _row(
        "own event", is_own, "the manifest is the one that was stored" if is_own else "the pack is another one's"
    )


def is_intact(found: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing failed."""
    return all(check["holds"] is not False for check in found)


def first_failure(found: Sequence[Mapping[str, Any]]) -> str | None:
    """The first check that failed, in words."""
    return next((f"{check['check']}: {check['details']}" for check in found if check["holds"] is False), None)


def _row(name: str, holds: bool | None, details: str) -> dict[str, Any]:
    return {"check": name, "holds": holds, "details": details[:2000]}
