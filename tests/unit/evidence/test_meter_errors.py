"""How far back a test of a meter speaks, by the pack's own program."""

from decimal import Decimal

import pytest

from include.evidence.offline.verify_terms import error_share, instant


@pytest.mark.parametrize(
    ("lookback", "at", "share"),
    [
        ("half", "2026-03-01T00:00:00Z", "0.016"), ("half", "2026-01-20T00:00:00Z", "0"),
        ("full", "2026-02-10T00:00:00Z", "0.016"), ("none", "2026-03-01T00:00:00Z", "0"),
        ("full", "2026-03-02T00:00:00Z", "0"),
    ],
)  # fmt: skip
def test_a_meter_test_looks_back(lookback, at, share):
    test = {"tested_at": "2026-03-02T00:00:00Z", "last_good_at": "2026-01-01T00:00:00Z", "error_share": "0.016"}
    assert error_share(lookback, [test], int(instant(at))) == Decimal(share)


def test_of_two_tests_that_reach_back_the_earlier_says_more():
    tests = [
        {"tested_at": f"2026-0{month}-01T00:00:00Z", "last_good_at": "2026-01-01T00:00:00Z", "error_share": share}
        for month, share in ((3, "0.01"), (5, "0.02"))
    ]
    found = [error_share("half", tests, int(instant(f"2026-{at}T00:00:00Z"))) for at in ("01-20", "02-20", "03-02")]
    assert found == [0, Decimal("0.01"), Decimal("0.02")]
