"""The format of the audit chain: how an entry is hashed, and what is wrong with a chain that was tampered with.

entry_hash  = SHA-256("audit-v1" || 0x00 || canonical JSON of the seven fields in `RECORD`)
output_hash = SHA-256("audit-statement-v1" || 0x00 || canonical JSON of actor, subject, reason and details)
input_hash  = SHA-256 of the bytes that were acted upon (a delivered file, a contract document, a pack), else of nothing

The first entry of a chain follows 64 zeros. The database computes the same entry hash in SQL (`ops.audit_entry_hash`),
so that two implementations must agree on every entry.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from include.core.canonical_json import canonical, instant_text_us

GENESIS = "0" * 64
NOTHING = hashlib.sha256(b"").hexdigest()
RECORD = ("action", "input_hash", "occurred_at", "organization_id", "output_hash", "previous_hash", "seq")
STATEMENT = ("actor", "details", "reason", "subject")

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where a chain is not what was written; `field` names one field, or all in question."""

    organization_id: int
    seq: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"organization {self.organization_id}, seq {self.seq}, {self.field}: {self.message}"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a chain; `seq` 0 and the genesis hash where there is none."""

    seq: int = 0
    entry_hash: str = GENESIS


def entry_hash(entry: Entry) -> str:
    """The hash of an entry's record."""
    record = {name: entry[name] for name in RECORD}
    if not isinstance(record["occurred_at"], str):
        record["occurred_at"] = instant_text_us(record["occurred_at"])
    return hashlib.sha256(b"audit-v1\x00" + canonical(record)).hexdigest()


def statement_hash(entry: Entry) -> str:
    """The hash of what an entry says: its `output_hash`; raises ValueError for details that JSON cannot hold."""
    statement = {name: entry[name] for name in STATEMENT}
    return hashlib.sha256(b"audit-statement-v1\x00" + canonical(statement)).hexdigest()


class Verifier:
    """Reads one chain entry by entry, in the order of `seq`, and stops at the first fault."""

    def __init__(self, organization_id: int) -> None:
        self.organization_id = organization_id
        self.head = Head()

    def fault_of(self, entry: Entry) -> Fault | None:
        """What is wrong with the next entry, if anything; a sound one becomes the head."""
        found = self._place(entry) or self._content(entry)
        if found is None:
            self.head = Head(entry["seq"], entry["entry_hash"])
            return None
        return Fault(self.organization_id, *found)

    def first_fault(self, entries: Iterable[Entry]) -> Fault | None:
        """The first fault among entries."""
        return next((fault for entry in entries if (fault := self.fault_of(entry))), None)

    def _place(self, entry: Entry) -> tuple[int, str, str] | None:
        expected = self.head.seq + 1
        if entry["seq"] != expected:
            return expected, "seq", f"is missing; the next entry has seq {entry['seq']}"
        if entry["organization_id"] != self.organization_id:
            return expected, "organization_id", f"belongs to {entry['organization_id']}"
        if entry["previous_hash"] != self.head.entry_hash:
            return expected, "previous_hash", "is not the hash of the entry before"
        return None

    def _content(self, entry: Entry) -> tuple[int, str, str] | None:
        says = _said(entry)
        if entry_hash(entry) == entry["entry_hash"]:
            if entry["output_hash"] == says:
                return None
            return entry["seq"], "actor, subject, reason or details", "was changed: output_hash is of another text"
        if says is not None and entry_hash({**entry, "output_hash": says}) == entry["entry_hash"]:
            return entry["seq"], "output_hash", "was changed: it is not the hash of what the entry says"
        return entry["seq"], "action, input_hash, occurred_at or entry_hash", "was changed: the hashes disagree"


def _said(entry: Entry) -> str | None:
    try:
        return statement_hash(entry)
    except ValueError:  # numbers that no program of ours could have written
        return None
