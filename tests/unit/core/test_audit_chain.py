"""The format of the audit chain: golden vectors, and the fault that each change of an entry shows."""

import pytest

from include.core.audit_chain import GENESIS, NOTHING, Verifier, entry_hash, statement_hash

FIRST = {
    "action": "sync",
    "input_hash": "a" * 64,
    "occurred_at": "2026-06-01T10:01:00.000000Z",
    "organization_id": 1,
    "output_hash": "b" * 64,
    "previous_hash": GENESIS,
    "seq": 1,
}
FIRST_HASH = "4c286b948b9af5768db81a47ed9748a4fd9c878744e3ed8093f5bfcf57fdc511"
SECOND = {
    **FIRST,
    "action": "validate",
    "input_hash": "b" * 64,
    "occurred_at": "2026-06-01T10:02:00.000000Z",
    "output_hash": "c" * 64,
    "previous_hash": FIRST_HASH,
    "seq": 2,
}


def test_golden_vectors():
    assert entry_hash(FIRST) == FIRST_HASH
    assert entry_hash(SECOND) == "a05d20164bb6053d70646bd6e517f8b2c3bab2ead9062ff4b4d592a12acf6d81"


def chain(length: int) -> list[dict]:
    entries, previous = [], GENESIS
    for seq in range(1, length + 1):
        said = {"actor": "ann", "subject": f"load {seq}", "reason": "", "details": {"rows": seq, "share": 0.5}}
        entry = {**FIRST, **said, "seq": seq, "previous_hash": previous, "input_hash": NOTHING}
        entry["output_hash"] = statement_hash(said)
        entry["entry_hash"] = previous = entry_hash(entry)
        entries.append(entry)
    return entries


def test_a_sound_chain_has_no_fault_and_a_head():
    verifier, entries = Verifier(1), chain(5)
    assert verifier.first_fault(entries) is None
    assert (verifier.head.seq, verifier.head.entry_hash) == (5, entries[-1]["entry_hash"])


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("actor", "bob", "actor"),
        ("subject", "load 7", "subject"),
        ("reason", "because", "reason"),
        ("details", {"rows": 4, "share": 0.5}, "details"),
        ("details", {"rows": 2**60}, "details"),
        ("action", "release", "action"),
        ("input_hash", "f" * 64, "input_hash"),
        ("output_hash", "f" * 64, "output_hash"),
        ("previous_hash", "f" * 64, "previous_hash"),
        ("entry_hash", "f" * 64, "entry_hash"),
        ("occurred_at", "2026-06-01T10:01:00.000001Z", "occurred_at"),
        ("organization_id", 2, "organization_id"),
    ],
)
def test_a_changed_field_is_found_at_its_entry(field, value, names):
    entries = chain(5)
    entries[2][field] = value
    fault = Verifier(1).first_fault(entries)
    assert fault.seq == 3 and names in fault.field


@pytest.mark.parametrize("gone", [0, 2])
def test_a_removed_entry_is_missed_under_its_number(gone):
    entries = chain(5)
    del entries[gone]
    fault = Verifier(1).first_fault(entries)
    assert (fault.seq, fault.field) == (gone + 1, "seq")
