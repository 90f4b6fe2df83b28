"""The upkeep of accounts: idle tokens kept alive, owners' answers learned, people told once a day."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from include.core.errors import ConsentPending, NotDelivered
from simulators.server import Clock, running
from simulators.sma import create_app, environment
from simulators.sma_plants import OWNER
from tests.pipeline.accounts import LONG_AGO, audited, granted, organization, portal, row, secret_of, stored

DAY = timedelta(days=1)


def iso(from_now: timedelta) -> str:
    return (datetime.now(UTC) + from_now).isoformat()


def refreshed(warehouse, credential: int, ago: timedelta) -> int:
    """Move the last renewal of a credential into the past."""
    warehouse.execute(
        "update ops.integration_credential set token_refreshed_at = clock_timestamp() - %s::interval "
        "where credential_id = %s",
        [ago, credential],
    )
    return credential


@pytest.fixture
def authority(warehouse, monkeypatch):
    with portal(monkeypatch) as server:
        yield server


@pytest.fixture
def sma(warehouse, monkeypatch):
    """The owners' consents of a running SMA simulator."""
    app = create_app(seed=7, clock=Clock(), consented=False)
    with running(app) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        yield app.state.consents


def asked_owner(warehouse) -> int:
    """An account whose owner was asked by letter; the next look is due."""
    from include.pipeline import credentials, entered_secrets
    from include.warehouse.database import connect

    with connect() as connection:
        account = credentials.Account(organization(), "sma")
        kind, secret = entered_secrets.read_secret("sma", "client_credentials", OWNER)
        return credentials.enter(connection, account, kind, secret, "test")


def make_due(warehouse) -> None:
    warehouse.execute("update ops.integration_credential set consent_check_due_at = clock_timestamp()")


def test_only_idle_tokens_are_renewed(authority, warehouse):
    from include.pipeline.credential_upkeep import keep_alive

    owner, month = organization(), 30 * DAY
    idle = stored(granted(authority), owner, label="idle for eight days")
    refreshed(warehouse, idle, 8 * DAY)
    used_up = stored(granted(authority, renewable_until=iso(DAY)), owner, label="window of four days, three gone")
    refreshed(warehouse, used_up, 3 * DAY)
    busy = stored(granted(authority, renewable_until=iso(month)), owner, label="renewed yesterday")
    refreshed(warehouse, busy, DAY)
    key = stored({"api_key": "never renewed"}, owner, label="key")
    before = {number: secret_of(number) for number in (idle, used_up, busy, key)}

    assert keep_alive() == {"done": 2, "failed": 0}
    assert [number for number in before if secret_of(number) != before[number]] == [idle, used_up]
    assert row(warehouse, idle)["token_refreshed_at"] > datetime.now(UTC) - DAY
    assert keep_alive() == {"done": 0, "failed": 0} and authority.calls["refresh_token"] == 2


def test_one_broken_account_does_not_stop_the_others(authority, warehouse, monkeypatch):
    from include.pipeline.credential_upkeep import keep_alive

    owner = organization()
    revoked = stored(granted(authority, expires_at=LONG_AGO), owner, label="revoked")
    authority.revoke()
    moved = stored(granted(authority, expires_at=LONG_AGO), owner, label="moved")
    unset = stored(
        granted(authority, expires_at=LONG_AGO), owner, label="of a vendor that is not set up", source="enphase"
    )
    good = stored(granted(authority, expires_at=LONG_AGO), owner, label="good")
    warehouse.execute(
        "update ops.integration_credential set label = 'x' || label, key_id = 'lost' where label = 'moved'"
    )
    monkeypatch.delenv("ENPHASE_API_KEY", raising=False)

    assert keep_alive() == {"done": 1, "failed": 3}
    assert [row(warehouse, number)["state"] for number in (revoked, moved, unset, good)] == [
        "reauth_required",
        "active",
        "active",
        "active",
    ]
    assert "E301" in row(warehouse, moved)["last_error"] and row(warehouse, good)["last_used_at"] is not None


def test_an_owner_who_agrees_activates_the_account(sma, warehouse):
    from include.pipeline import credentials
    from include.pipeline.credential_upkeep import poll_consents

    credential = asked_owner(warehouse)
    found = row(warehouse, credential)
    assert (found["state"], found["auth_type"], sma.state(OWNER)) == (
        "consent_pending",
        "client_credentials",
        "Pending",
    )
    assert timedelta(minutes=29) < found["consent_check_due_at"] - datetime.now(UTC) < timedelta(minutes=31)
    with pytest.raises(ConsentPending):
        credentials.test(credential)

    assert poll_consents() == {"done": 0, "failed": 0}
    make_due(warehouse)
    assert poll_consents() == {"done": 1, "failed": 0}
    assert row(warehouse, credential)["state"] == "consent_pending"
    assert row(warehouse, credential)["consent_check_due_at"] > datetime.now(UTC) + timedelta(minutes=29)

    sma.put(OWNER, "Accepted")
    make_due(warehouse)
    assert poll_consents() == {"done": 1, "failed": 0}
    found = row(warehouse, credential)
    assert (found["state"], found["consent_check_due_at"]) == ("active", None)
    assert secret_of(credential)["consent_state"] == "accepted" and len(credentials.test(credential)) == 2


@pytest.mark.parametrize("answer", ["Rejected", "Expired", "Revoked"])
def test_an_owner_who_does_not_agree_needs_a_person(sma, warehouse, answer):
    from include.pipeline.credential_upkeep import needing_attention, poll_consents

    credential = asked_owner(warehouse)
    sma.requests[OWNER] = (
        ("Pending", datetime.now(UTC) - 8 * DAY) if answer == "Expired" else (answer, datetime.now(UTC))
    )
    make_due(warehouse)
    poll_consents()
    assert (row(warehouse, credential)["state"], row(warehouse, credential)["consent_check_due_at"]) == (
        "consent_lost",
        None,
    )
    assert [found["why"] for found in needing_attention()] == ["consent_lost"]


def test_a_vendor_that_is_down_is_asked_again_half_an_hour_later(sma, warehouse, monkeypatch):
    from include.pipeline.credential_upkeep import poll_consents

    credential = asked_owner(warehouse)
    make_due(warehouse)
    monkeypatch.setenv("SMA_CLIENT_SECRET", "changed at the vendor")
    assert poll_consents() == {"done": 0, "failed": 1}
    found = row(warehouse, credential)
    assert found["state"] == "consent_pending" and found["consent_check_due_at"] > datetime.now(UTC) + timedelta(
        minutes=29
    )


def test_access_that_ends_within_a_week_is_shown_and_what_renews_itself_is_not(warehouse):
    from include.pipeline.credential_upkeep import needing_attention

    owner = organization()

    def account(label: str, refreshed_ago: timedelta, **secret) -> None:
        secret = {"access_token": "a", "site_id": "1", "obtained_at": iso(-refreshed_ago), **secret}
        stored(secret, owner, label=label)

    hour, month = timedelta(hours=1), 30 * DAY
    account("unused for weeks", 25 * DAY, refresh_token="r", expires_at=iso(-24 * DAY), renewable_until=iso(5 * DAY))
    account("nothing renews it", hour, expires_at=iso(6 * DAY))
    account("nothing renews it, later", hour, expires_at=iso(8 * DAY))
    account("renewed today", hour, refresh_token="r", expires_at=iso(hour), renewable_until=iso(month))
    account("no end known", hour, refresh_token="r", expires_at=iso(hour))
    account("two days long, fresh", hour, refresh_token="r", expires_at=iso(hour), renewable_until=iso(2 * DAY - hour))
    account(
        "two days long, idle", 44 * hour, refresh_token="r", expires_at=iso(-43 * hour), renewable_until=iso(4 * hour)
    )
    stored({"api_key": "x"}, owner, label="a key")
    found = {one["label"]: one["why"] for one in needing_attention()}
    assert found == dict.fromkeys(["unused for weeks", "nothing renews it", "two days long, idle"], "expires")


def test_people_are_told_once_a_day_about_each_account_in_one_message(warehouse):
    from include.pipeline.credential_upkeep import tell

    owner, sent = organization(), []

    def send(title: str, text: str) -> None:
        sent.append(text)

    first, second = (stored({"api_key": "canary-51"}, owner, label=label) for label in ("one", "two"))
    assert tell(send) == 0 and sent == []
    warehouse.execute("update ops.integration_credential set state = 'refused'")
    assert tell(send) == 2
    assert len(sent) == 1 and f"credential {first}" in sent[0] and f"credential {second}" in sent[0]
    assert "Sun: solaredge account 'one'" in sent[0] and "canary" not in sent[0]
    assert tell(send) == 0 and len(sent) == 1

    warehouse.execute("alter table ops.audit_entry disable trigger guard")
    warehouse.execute(
        "update ops.audit_entry set occurred_at = occurred_at - interval '25 hours' where subject like %s",
        [f"%{first}"],
    )
    assert tell(send) == 1 and f"credential {second}" not in sent[1]
    assert len(audited(warehouse, "credential_warning")) == 3


def test_a_message_that_did_not_get_out_is_sent_again(warehouse):
    from include.pipeline.credential_upkeep import tell

    stored({"api_key": "x"}, organization())
    warehouse.execute("update ops.integration_credential set state = 'consent_lost'")

    def fail(title: str, text: str) -> None:
        raise NotDelivered("no network")

    with pytest.raises(NotDelivered):
        tell(fail)
    assert audited(warehouse, "credential_warning") == []
    assert tell(lambda title, text: None) == 1


def test_keys_that_are_nearly_used_up_are_told_too(warehouse):
    from include.pipeline.credential_upkeep import tell

    stored({"api_key": "x"}, organization())
    warehouse.execute("update ops.vault_key set encryptions = %s", [2**31])
    sent = []
    assert tell(lambda title, text: sent.append(text)) == 1 and "rotate-key" in sent[0]
    assert tell(lambda title, text: sent.append(text)) == 0


def test_the_status_names_accounts_that_need_a_person(warehouse, capsys):
    from include.cli.warehouse import status

    stored({"access_token": "canary-52", "expires_at": iso(3 * DAY)}, organization(), label="roof")
    status(json=False)
    shown = capsys.readouterr().out
    assert "rows add up" in shown and "account 'roof' (credential 1): expires" in " ".join(shown.split())
    status(json=True)
    told = json.loads(capsys.readouterr().out)
    assert [one["why"] for one in told["credentials_needing_attention"]] == ["expires"]
    assert "canary" not in shown + str(told)
