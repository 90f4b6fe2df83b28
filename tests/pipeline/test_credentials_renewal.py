"""Tokens in the real database: one renewal for all workers, crashes in between, locks and clocks."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import AuthFailed, ReauthRequired, VendorUnavailable
from tests.pipeline.accounts import FUTURE, PAST, granted, organization, portal, row, secret_of, stored
from tests.pipeline.child import killed, start
from tests.warm import ROOT

USE = """
from include.pipeline import credentials
print(credentials.test({id}))
"""


@pytest.fixture
def authority(warehouse, monkeypatch):
    with portal(monkeypatch) as server:
        yield server


def test_two_processes_with_one_expired_token_renew_it_once_and_both_succeed(authority, warehouse):
    credential = stored(granted(authority))
    workers = [start(USE.format(id=credential), "after_token_response=sleep:1") for _ in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    assert dict(authority.calls) == {"refresh_token": 1}
    # the stored pair is the last that was issued: its access token opens the vendor, its refresh token renews
    last = secret_of(credential)
    assert authority.grant_of(f"Bearer {last['access_token']}") is not None
    assert authority.token(_refresh_call(last))["access_token"]
    found = row(warehouse, credential)
    assert (found["state"], found["error_count"], found["last_error"]) == ("active", 0, None)
    assert found["token_expires_at"] > datetime.now(UTC) + timedelta(hours=1)


def test_a_token_refused_in_mid_run_is_renewed_once_and_the_call_repeated_once(authority, warehouse):
    from include.pipeline import credentials

    credential = stored(granted(authority, expires_at=FUTURE))
    authority.expire()
    assert len(credentials.test(credential)) == 1
    assert dict(authority.calls) == {"refresh_token": 1}


@pytest.mark.parametrize(("grace", "state"), [(timedelta(minutes=5), "active"), (timedelta(0), "reauth_required")])
def test_a_crash_after_the_vendor_rotated_tries_the_previous_token_once_more(authority, warehouse, grace, state):
    from include.pipeline import credentials

    authority.grace = grace
    credential = stored(granted(authority))
    before = secret_of(credential)
    killed(USE.format(id=credential), "after_token_response")
    assert secret_of(credential) == before and row(warehouse, credential)["state"] == "active"
    if state == "active":
        assert len(credentials.test(credential)) == 1
        assert secret_of(credential)["refresh_token"] != before["refresh_token"]
    else:
        with pytest.raises(ReauthRequired):
            credentials.test(credential)
        assert secret_of(credential) == before
    found = row(warehouse, credential)
    assert (found["state"], found["is_active"]) == (state, state == "active")
    assert authority.calls["refresh_token"] + authority.calls["refused"] == 2
    assert found["error_count"] == (0 if state == "active" else 1)


def test_a_revoked_grant_asks_for_a_person_and_is_not_tried_by_the_other_worker(authority, warehouse):
    credential = stored(granted(authority))
    authority.revoke()
    workers = [start(USE.format(id=credential)) for _ in range(2)]
    assert all(worker.wait(timeout=120) != 0 for worker in workers)
    found = row(warehouse, credential)
    assert found["state"] == "reauth_required" and "E414" in found["last_error"]
    assert authority.calls["refresh_token"] == 0


def test_a_worker_waits_for_a_held_credential_only_so_long(authority, warehouse, monkeypatch):
    from include.pipeline import credentials
    from include.warehouse import credentials as kept

    credential = stored(granted(authority))
    monkeypatch.setattr(kept, "LOCK_TIMEOUT", "300ms")
    with kept.StoredCredential(credential).hold(), pytest.raises(VendorUnavailable, match=f"credential {credential}"):
        credentials.test(credential)
    assert authority.calls.total() == 0 and row(warehouse, credential)["state"] == "active"
    assert len(credentials.test(credential)) == 1


@pytest.mark.parametrize("skew_minutes", [-10, 10])
def test_expiry_is_judged_by_the_databases_clock_on_a_host_whose_own_is_wrong(authority, warehouse, skew_minutes):
    """A token with eight minutes left is good and one that ended two minutes ago is not, whatever the host thinks."""
    now = warehouse.execute("select clock_timestamp() as now").fetchone()["now"]
    good = stored(granted(authority, expires_at=now + timedelta(minutes=8)), label="good")
    over = stored(granted(authority, expires_at=now - timedelta(minutes=2)), label="over")
    for credential, renewals in ((good, 0), (over, 1)):
        _on_skewed_host(USE.format(id=credential), skew_minutes)
        assert authority.calls["refresh_token"] == renewals
    expires_at = datetime.fromisoformat(secret_of(over)["expires_at"])
    assert abs(expires_at - now - timedelta(hours=2)) < timedelta(minutes=2)


def test_a_new_key_entered_while_a_run_goes_on_is_not_refused_for_the_old_one(authority, warehouse):
    from include.warehouse import credentials
    from include.warehouse.database import connect

    credential = stored({"api_key": "old"}, owner := organization())
    with connect() as connection:
        at_start = credentials.get(connection, credential)
    assert stored({"api_key": "new"}, owner) == credential
    with connect() as connection:
        credentials.record_use(connection, at_start, AuthFailed("HTTP 401"))
    found = row(warehouse, credential)
    assert (found["state"], found["last_error"], secret_of(credential)) == ("active", None, {"api_key": "new"})


def _refresh_call(secret: dict) -> dict[str, str]:
    ours = {"client_id": os.environ["SOLAREDGE_CLIENT_ID"], "client_secret": os.environ["SOLAREDGE_CLIENT_SECRET"]}
    return {"grant_type": "refresh_token", "refresh_token": secret["refresh_token"], **ours}


def _on_skewed_host(code: str, minutes: int) -> None:
    """Run code in a process in which every Python clock is wrong by so many minutes."""
    skewed = f"""
import datetime as module, time
real, seconds = module.datetime, {minutes * 60}
class Skewed(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) + module.timedelta(seconds=seconds)
module.datetime = Skewed
now = time.time
time.time = lambda: now() + seconds
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", skewed + code]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_the_host_is_really_skewed():
    code = (
        f"from datetime import datetime, UTC; assert datetime.now(UTC).timestamp() > {PAST.timestamp()} + 86400 + 500"
    )
    _on_skewed_host(code, 10)
