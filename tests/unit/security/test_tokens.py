"""The life of a token: when it is renewed, that it is stored before it is used, and by whose clock."""

from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import ReauthRequired
from include.core.failpoints import FailpointReached
from include.security.tokens import Remembered, TokenLife, is_fresh

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def secret(number: int = 1, *, left: timedelta = timedelta(hours=1), life: timedelta = timedelta(hours=1)) -> dict:
    expires_at = NOW + left
    return {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "obtained_at": (expires_at - life).isoformat(),
        "expires_at": expires_at.isoformat(),
    }


class Vendor:
    """Counts renewals and hands out numbered tokens."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def renew(self, old: dict) -> dict:
        self.asked.append(old["refresh_token"])
        return secret(len(self.asked) + 1)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def life(keeper: Remembered, vendor: Vendor) -> TokenLife:
    return TokenLife(keeper, vendor.renew)


@pytest.mark.parametrize(
    ("left", "whole", "is_good"),
    [
        (timedelta(hours=1), timedelta(hours=1), True),
        (timedelta(minutes=6), timedelta(hours=1), True),
        (timedelta(minutes=5), timedelta(hours=1), False),  # five minutes before its end at the latest
        (timedelta(seconds=90), timedelta(seconds=300), True),
        (timedelta(seconds=60), timedelta(seconds=300), False),  # of a short token the last fifth
        (timedelta(seconds=-1), timedelta(hours=1), False),
    ],
)
def test_a_token_is_good_until_shortly_before_its_end(left, whole, is_good):
    assert is_fresh(secret(left=left, life=whole), NOW) is is_good


@pytest.mark.parametrize("missing", ["access_token", "expires_at"])
def test_a_token_without_known_end_is_renewed(vendor, missing):
    stored = {name: value for name, value in secret().items() if name != missing}
    assert life(Remembered(stored, lambda: NOW), vendor).current()["access_token"] == "access-2"


def test_a_good_token_is_not_renewed_and_a_renewed_one_is_stored_first(vendor):
    keeper = Remembered(secret(), lambda: NOW)
    tokens = life(keeper, vendor)
    assert tokens.current() == secret() and vendor.asked == []
    keeper.now = lambda: NOW + timedelta(hours=2)
    keeper.secret = secret()
    assert tokens.current()["access_token"] == "access-2" == keeper.secret["access_token"]
    assert vendor.asked == ["refresh-1"]


def test_a_refused_token_is_replaced_once_and_another_workers_newer_one_is_taken(vendor):
    keeper = Remembered(secret(), lambda: NOW)
    tokens = life(keeper, vendor)
    assert tokens.replace("access-1")["access_token"] == "access-2"
    keeper.save(secret(7))
    assert tokens.replace("access-2")["access_token"] == "access-7"
    assert vendor.asked == ["refresh-1"]


def test_only_the_keepers_clock_decides(vendor):
    """The host's clock is not asked at all, so it may be wrong by any amount."""
    stored = secret(left=timedelta(minutes=10))
    for skew, renewals in ((timedelta(0), 0), (timedelta(minutes=10), 1)):
        life(Remembered(stored, lambda skew=skew: NOW + skew), vendor).current()
        assert len(vendor.asked) == renewals


def test_a_refusal_stores_nothing(vendor):
    def refuse(old: dict) -> dict:
        raise ReauthRequired("used up")

    keeper = Remembered(secret(left=timedelta(0)), lambda: NOW)
    with pytest.raises(ReauthRequired):
        TokenLife(keeper, refuse).current()
    assert keeper.secret == secret(left=timedelta(0))


def test_what_dies_between_answer_and_storing_leaves_the_previous_token(vendor, monkeypatch):
    monkeypatch.setenv("SUNLEDGER_FAILPOINTS", "after_token_response=raise")
    keeper = Remembered(secret(left=timedelta(0)), lambda: NOW)
    with pytest.raises(FailpointReached):
        life(keeper, vendor).current()
    assert keeper.secret["refresh_token"] == "refresh-1" and vendor.asked == ["refresh-1"]
