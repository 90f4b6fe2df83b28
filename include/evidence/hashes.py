"""The hashes of a pack's readings.

A reading is one canonical line (RFC 8785): meter, interval, source, quality and energy always, other measures where
there are any. `data_hash` is SHA-256 over the lines, each ended by LF, ordered by meter, start, source and interval.
The Merkle tree has the lines without LF as leaves, after RFC 6962: a leaf is SHA-256(0x00 | line), a node SHA-256(0x01
| left | right), and a node without a partner is carried up as it is. The tree of nothing is SHA-256 of nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from include.core.canonical_json import canonical

ALWAYS = ("meter_id", "timestamp", "reading_interval_seconds", "source_system", "quality", "energy_wh")
WHERE_KNOWN = ("energy_total_wh", "power_w", "irradiance_wm2", "temperature_c")


def reading_line(reading: Mapping[str, Any]) -> bytes:
    """The canonical line of one reading, without its LF."""
    known = {name: reading[name] for name in WHERE_KNOWN if reading.get(name) is not None}
    return canonical({name: reading[name] for name in ALWAYS} | known)


def reading_order(reading: Mapping[str, Any]) -> tuple[Any, ...]:
    """The place of a reading among the lines of its pack."""
    return tuple(reading[name] for name in ("meter_id", "timestamp", "source_system", "reading_interval_seconds"))


def data_hash(lines: Iterable[bytes]) -> str:
    """SHA-256 of the lines in their order, each ended by LF."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line + b"\n")
    return digest.hexdigest()


def merkle_root(leaves: Iterable[bytes]) -> str:
    """The root of the tree over the leaves, in memory that grows with their logarithm only."""
    # one subtree per binary digit of the count so far, as (number of leaves, hash), largest first
    subtrees: list[tuple[int, bytes]] = []
    for leaf in leaves:
        size, node = 1, hashlib.sha256(b"\x00" + leaf).digest()
        while subtrees and subtrees[-1][0] == size:
            node = _join(subtrees.pop()[1], node)
            size *= 2
        subtrees.append((size, node))
    if not subtrees:
        return hashlib.sha256(b"").hexdigest()
    _, root = subtrees.pop()
    while subtrees:
        root = _join(subtrees.pop()[1], root)
    return root.hex()


def _join(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
