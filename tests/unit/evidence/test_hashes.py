"""The hashes of readings: golden values, and a tree like that of RFC 6962."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from include.evidence import hashes


def line(energy_wh: str, minute: int, **more) -> bytes:
    return hashes.reading_line(
        {
            "meter_id": 7,
            "timestamp": datetime(2026, 6, 1, 10, minute, tzinfo=UTC),
            "reading_interval_seconds": 900,
            "source_system": "solaredge",
            "quality": "measured",
            "energy_wh": Decimal(energy_wh),
            **more,
        }
    )


def test_the_golden_data_hash():
    lines = [line("0.000000", 0), line("1250.500000", 15)]
    assert hashes.data_hash(lines) == "b1856efcd94012c2fb54cea0a9614ded6b17ee78261440ee18eedad17ef0e77c"


def test_a_measure_stands_in_the_line_where_it_is_known():
    assert b'"power_w":"5","quality"' in line("1", 0, power_w=Decimal("5.0"), irradiance_wm2=None)
    assert b"irradiance" not in line("1", 0, power_w=None, irradiance_wm2=None)


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_the_tree_of_rfc_6962():
    a, b, c, d, e = (leaf(letter) for letter in (b"a", b"b", b"c", b"d", b"e"))
    roots = {
        b"": hashlib.sha256(b"").digest(),
        b"a": a,
        b"ab": node(a, b),
        b"abc": node(node(a, b), c),
        b"abcd": node(node(a, b), node(c, d)),
        b"abcde": node(node(node(a, b), node(c, d)), e),
    }
    for leaves, root in roots.items():
        assert hashes.merkle_root(bytes([leaf]) for leaf in leaves) == root.hex()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 6, 7, 100])
def test_both_ways_to_build_the_tree_agree(count):
    from include.evidence.offline.verify import Pack

    lines = [b'{"n":%d}' % number for number in range(count)]
    pack = Pack({"readings.jsonl": b"".join(line + b"\n" for line in lines)})
    pack.manifest = {"merkle": {"root": hashes.merkle_root(lines)}}
    assert pack.check_merkle_root() == pack.manifest["merkle"]["root"]
