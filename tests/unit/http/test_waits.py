from datetime import timedelta

import pytest

from include.core.errors import RateLimited, VendorUnavailable
from include.http.waits import LONGEST_NAMED_WAIT, Patience, next_call_at, retry_after
from tests.unit.http.fake_time import NOON


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("30", 30),
        ("0", 0),
        ("Fri, 20 Nov 2026 12:01:30 GMT", 90),
        ("Fri, 20 Nov 2026 12:01:30 -0000", 90),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("9" * 40, LONGEST_NAMED_WAIT.total_seconds()),
    ],
)
def test_retry_after_is_read_in_both_forms(text, wait_s):
    assert retry_after({"retry-after": text}, NOON) == NOON + timedelta(seconds=wait_s)


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "²"])
def test_an_unreadable_retry_after_names_nothing(text):
    assert retry_after({"retry-after": text}, NOON) is None


def test_a_429_without_retry_after_waits_a_minute():
    assert next_call_at({}, b"", NOON) == NOON + timedelta(minutes=1)


def test_backoff_is_two_four_eight_seconds_plus_jitter_and_then_over():
    patience, failure = Patience(longest_wait_s=120), VendorUnavailable("down")
    for expected_s in (2, 4, 8):
        assert expected_s <= patience.pause_s(failure, NOON) <= expected_s + 1
    with pytest.raises(VendorUnavailable, match=r"down \(try 4\)"):
        patience.pause_s(failure, NOON)


def test_retry_after_zero_is_no_tight_loop():
    patience, failure = Patience(longest_wait_s=120), RateLimited("slow down", retry_at=NOON)
    pauses_s = [patience.pause_s(failure, NOON) for _ in range(5)]
    assert min(pauses_s) >= 1
    with pytest.raises(RateLimited):
        patience.pause_s(failure, NOON)


def test_the_sum_of_waits_is_bounded():
    patience = Patience(longest_wait_s=120)
    failure = RateLimited("slow down", retry_at=NOON + timedelta(seconds=70))
    assert patience.pause_s(failure, NOON) == 70
    with pytest.raises(RateLimited):
        patience.pause_s(failure, NOON)
