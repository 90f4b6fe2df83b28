"""Keys follow one strict grammar; anything else is no key."""

from datetime import date

import pytest

from include.core.errors import InvalidKey
from include.lake import keys


@pytest.mark.parametrize(
    "key",
    [
        "raw/../validated/x",
        "raw//x",
        "raw/manual/1/2026-11-20/",
        "raw/manual/1/2026-11-20/%2e%2e/x",
        "raw/manual/1/2026-11-20/a\x00b",
        "raw/manual/1/2026-11-20/a\nb",
        "raw/manual/1/2026-11-20/\u202etxt.csv",
        "raw/manual/1/2026-11-20/.hidden",
        "raw/manual/1/2026-11-20/..",
        "/raw/manual/1/2026-11-20/x",
        "raw/manual/1/2026-11-20/" + "x" * 900,
        "elsewhere/manual/1/2026-11-20/x",
        "",
    ],
)
def test_odd_keys_are_refused(key):
    with pytest.raises(InvalidKey):
        keys.check(key)


@pytest.mark.parametrize(
    "key",
    [
        "raw/manual/0/2026-11-20/x.csv",
        "raw/manual/abc/2026-11-20/x.csv",
        "raw/MANUAL/1/2026-11-20/x.csv",
        "raw/manual/1/2026-13-20/x.csv",
        "raw/manual/1/20261120/x.csv",
        "raw/manual/1/2026-11-20",
        "raw/manual/1/2026-11-20/landed/x.csv",
    ],
)
def test_a_raw_key_needs_source_organization_day_and_name(key):
    with pytest.raises(InvalidKey):
        keys.parse_raw(key)


def test_a_dropped_and_a_landed_key_are_told_apart():
    dropped = keys.parse_raw("raw/snowflake/42/2026-11-20/part 1/data_0_0_0.snappy.parquet")
    assert (dropped.source, dropped.organization_id, dropped.day) == ("snowflake", 42, date(2026, 11, 20))
    assert (dropped.name, dropped.content_hash) == ("part 1/data_0_0_0.snappy.parquet", "")
    landed = keys.landed("manual", 7, date(2026, 1, 2), "0123456789abcdef" * 4, "C:\\x\\..\\mai 2026;.csv")
    assert landed == "raw/manual/7/2026-01-02/landed/0123456789abcdef/mai 2026_.csv"
    assert keys.parse_raw(landed).content_hash == "0123456789abcdef"
    assert keys.disposition("quarantine", landed).startswith("quarantine/manual/7/2026-01-02/landed/")


@pytest.mark.parametrize("name", ["../../etc/passwd", "....", "", "a/b/../c", "\x00\x01", "ж" * 300, "-rf", "=1+1"])
def test_any_name_becomes_a_safe_one(name):
    safe = keys.safe_name(name)
    assert keys.check(f"archive/{safe}") and "/" not in safe and ".." not in safe
