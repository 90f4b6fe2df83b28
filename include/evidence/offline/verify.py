"""Checks an evidence pack without Sunledger: python verify.py PACK.zip --key PUBLIC_KEY.pem [--ca AUTHORITY.pem]

Needs Python 3.11 or newer and the package `cryptography`. PACK is the zip file or the folder it was unpacked to.
Prints a table of checks; the exit code is 0 when all hold, 1 when one fails, 2 for wrong usage.
Take this script, and the public key, from a place you trust, not from the pack you doubt.
"""

import argparse
import base64
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if __package__:  # in the house the modules are a package, in a pack they lie side by side
    from include.evidence.offline import verify_compare, verify_time
else:
    import verify_compare
    import verify_time

MANIFEST_KIND, EXPORT_KIND = "evidence-manifest-v1", "evidence-export-v1"
OUTSIDE = ("manifest.json", "manifest.sig", "manifest.tsr", "export_info.json", "export_info.sig")
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
READING_ORDER = ("meter_id", "timestamp", "source_system", "reading_interval_seconds")

Check = tuple[str, bool | None, str]  # what, whether it holds (None: was not asked), and details


class Failed(Exception):
    """Why a check does not hold."""


def verify(members: dict[str, bytes], key: Ed25519PublicKey, authority: bytes | None = None) -> list[Check]:
    """All checks of a pack whose members are given by name, in their order."""
    checks: list[Check] = []

    def check(name: str, ask: Callable[[], str]) -> bool:
        try:
            checks.append((name, True, ask()))
        except Failed as failure:
            checks.append((name, False, str(failure)))
        except (ValueError, KeyError, TypeError, IndexError, ArithmeticError) as error:
            checks.append((name, False, f"cannot be read: {type(error).__name__}: {error}"))
        return checks[-1][1] is True

    pack = Pack(members)
    if not check("manifest", pack.open):
        return checks
    check("signature", lambda: signature(members, key, "manifest"))
    for entry in pack.manifest["files"]:
        check(f"file {entry['name']}", lambda entry=entry: pack.check_file(entry))
    check("no other files", pack.check_names)
    if members.keys() & {"export_info.json", "export_info.sig"}:
        check("export signature", lambda: signature(members, key, "export_info"))
    if authority is None:
        checks.append(("time token", None, "no certificate of an authority was given (--ca)"))
    else:
        check("time token", lambda: time_token(members, authority))
    check("data_hash", pack.check_data_hash)
    check("Merkle root", pack.check_merkle_root)
    check("contract terms", pack.check_terms)
    check("audit entries", pack.check_audit)
    if all(holds is not False for _, holds, _ in checks):
        for name, ask in verify_compare.questions(pack.documents()):
            check(name, lambda ask=ask: answered(ask()))
    return checks


def answered(differences: Iterable[str]) -> str:
    """Turn the differences of a comparison into a failure."""
    found = list(differences)
    if found:
        raise Failed("; ".join(found[:3]) + (f"; and {len(found) - 3} more" if len(found) > 3 else ""))
    return "recomputed, agrees"


class Pack:
    """The members of a pack and what its manifest says of them."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self.members = members
        self.manifest: dict[str, Any] = {}

    def open(self) -> str:
        """Read the manifest."""
        body = self.member("manifest.json")
        self.manifest = json.loads(body)
        if self.manifest.get("kind") != MANIFEST_KIND:
            raise Failed(f"is not of kind {MANIFEST_KIND}")
        if canonical(self.manifest) != body:
            raise Failed("is not canonical JSON")
        event = self.manifest["event"]
        return f"event {event['default_event_id']}, revision {event['revision']}, SHA-256 {sha256(body)}"

    def member(self, name: str) -> bytes:
        """A member's bytes."""
        if name not in self.members:
            raise Failed(f"{name} is missing")
        return self.members[name]

    def check_file(self, entry: dict[str, Any]) -> str:
        """Compare one file with the manifest."""
        body = self.member(entry["name"])
        if len(body) != entry["size_bytes"] or sha256(body) != entry["sha256"]:
            raise Failed(f"{entry['name']} was changed: SHA-256 {sha256(body)[:16]}, signed was {entry['sha256'][:16]}")
        return f"{len(body)} bytes"

    def check_names(self) -> str:
        """Look for files that the manifest does not name."""
        listed = {entry["name"] for entry in self.manifest["files"]}
        unlisted = sorted(self.members.keys() - listed - set(OUTSIDE))
        if unlisted:
            raise Failed(f"unlisted: {', '.join(unlisted)}")
        return f"{len(listed)} files"

    def check_data_hash(self) -> str:
        """Hash the readings anew; each line must be canonical and in its place."""
        last: tuple[Any, ...] = ()
        count = 0
        for line in self.lines():
            reading = json.loads(line)
            if canonical(reading) != line:
                raise Failed(f"reading {count + 1} is not canonical")
            place = tuple(reading[name] for name in READING_ORDER)
            if place <= last:
                raise Failed(f"reading {count + 1} is out of order or repeated")
            last, count = place, count + 1
        if count != self.manifest["readings"]:
            raise Failed(f"{count} readings, signed were {self.manifest['readings']}")
        if sha256(self.members["readings.jsonl"]) != self.manifest["data_hash"]:
            raise Failed("the readings were changed")
        return f"{count} readings, {self.manifest['data_hash']}"

    def lines(self) -> Iterator[bytes]:
        """The lines of the readings, without LF."""
        body = self.member("readings.jsonl")
        if body and not body.endswith(b"\n"):
            raise Failed("the last reading is cut off")
        yield from body.split(b"\n")[:-1]

    def check_merkle_root(self) -> str:
        """Build the tree anew: leaf 0x00, node 0x01, a node without partner goes up as it is."""
        level = [hashlib.sha256(b"\x00" + line).digest() for line in self.lines()] or [hashlib.sha256(b"").digest()]
        while len(level) > 1:
            pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
            level = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
        if level[0].hex() != self.manifest["merkle"]["root"]:
            raise Failed("the root differs")
        return level[0].hex()

    def check_terms(self) -> str:
        """Hash the contract's terms anew."""
        stated = json.loads(self.member("contract_terms.json"))
        found = sha256(canonical(stated["terms"]))
        if found != stated["terms_sha256"]:
            raise Failed(f"the terms were changed: SHA-256 {found[:16]}, stated {stated['terms_sha256'][:16]}")
        return found

    def check_audit(self) -> str:
        """Hash each audit entry anew and follow the chain from one to the next up to the signed head."""
        entries = [json.loads(line) for line in self.member("audit.jsonl").splitlines()]
        for before, entry in zip([None, *entries], entries, strict=False):
            record = {name: value for name, value in entry.items() if name != "hash"}
            if sha256(b"audit-v1\x00" + canonical(record)) != entry["hash"]:
                raise Failed(f"entry {entry['seq']} was changed")
            if before and (entry["seq"], entry["previous_hash"]) != (before["seq"] + 1, before["hash"]):
                raise Failed(f"entry {entry['seq']} does not follow the one before it")
        head = {"seq": entries[-1]["seq"], "hash": entries[-1]["hash"]} if entries else None
        if head != self.manifest["audit_head"]:
            raise Failed("the last entry is not the signed head")
        return f"{len(entries)} entries"

    def documents(self) -> dict[str, Any]:
        """The members that calculations read, decimals as texts."""
        names = [name for name in self.members if name.endswith(".json") and name not in OUTSIDE]
        parsed = {name.removesuffix(".json"): json.loads(self.members[name]) for name in names}
        return parsed | {"manifest": self.manifest, "readings": [json.loads(line) for line in self.lines()]}


def signature(members: dict[str, bytes], key: Ed25519PublicKey, name: str) -> str:
    """Check the signature over a document; its `kind` says in itself what was signed."""
    if lacking := [part for part in (f"{name}.json", f"{name}.sig") if part not in members]:
        raise Failed(f"{lacking[0]} is missing")
    body, sealed = members[f"{name}.json"], json.loads(members[f"{name}.sig"])
    kinds = {"manifest": MANIFEST_KIND, "export_info": EXPORT_KIND}
    if json.loads(body)["kind"] != kinds[name]:
        raise Failed(f"{name}.json is not of kind {kinds[name]}")
    if sealed["key_id"] != key_id(key):
        raise Failed(f"signed by key {sealed['key_id']}, the key given is {key_id(key)}")
    try:
        key.verify(base64.b64decode(sealed["signature"], validate=True), body)
    except InvalidSignature:
        raise Failed(f"{name}.json is not what key {key_id(key)} signed") from None
    return f"by key {key_id(key)}"


def time_token(members: dict[str, bytes], authority: bytes) -> str:
    """Check the time token over the manifest."""
    if "manifest.tsr" not in members:
        raise Failed("the pack has no time token")
    try:
        at: datetime = verify_time.verify_token(members["manifest.tsr"], members["manifest.json"], authority)
    except verify_time.TokenRefused as refusal:
        raise Failed(str(refusal)) from None
    return f"existed at {at.isoformat()}"


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of values without floats, whose names are plain letters."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(body: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def public_key(text: str) -> Ed25519PublicKey:
    """A public key from PEM or from its 32 bytes in base64."""
    if "BEGIN" in text:
        key = serialization.load_pem_public_key(text.encode())
    else:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the key is no Ed25519 public key")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """The id of a public key."""
    return f"ed25519-{sha256(key.public_bytes_raw())[:16]}"


def read(path: Path) -> dict[str, bytes]:
    """The members of a pack, from a zip file or a folder."""
    if path.is_dir():
        return {item.name: item.read_bytes() for item in sorted(path.iterdir()) if item.is_file()}
    return unzip(path.read_bytes())


def unzip(body: bytes) -> dict[str, bytes]:
    """The members of a zip file that is, byte for byte, the one a pack builder writes."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Failed(f"the zip file is damaged: {error}") from None
    if zipped(members) != body:
        raise Failed("the zip file was changed: it is not the one these members make")
    return members


def zipped(members: dict[str, bytes]) -> bytes:
    """The zip file of some members: stored without compression, in their order, with fixed times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, body in members.items():
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, body)
    return buffer.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Check one pack and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--key", required=True, help="public key: a PEM file, or its 32 bytes in base64")
    parser.add_argument("--ca", type=Path, help="PEM file with the certificate of the time-stamping authority")
    given = parser.parse_args(arguments)
    try:
        key = public_key(Path(given.key).read_text() if Path(given.key).is_file() else given.key)
        authority = given.ca.read_bytes() if given.ca else None
        checks = verify(read(given.pack), key, authority)
    except Failed as failure:
        checks = [("pack", False, str(failure))]
    except (OSError, ValueError) as error:
        parser.error(str(error))
    words = {True: "ok", False: "FAILED", None: "not asked"}
    width = max(len(name) for name, _, _ in checks)
    lines = [f"{words[holds]:9}  {name:{width}}  {details}" for name, holds, details in checks]
    failed = [name for name, holds, _ in checks if holds is False]
    lines.append(f"\nFAILED: {', '.join(failed)}" if failed else f"\nThe pack is intact: {len(checks)} checks.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
