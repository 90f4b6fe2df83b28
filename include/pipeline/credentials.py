"""What a person does with credentials: enter, try, switch off and on, and encrypt again with a new key."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from include.core.errors import ConsentPending, SecretError, SunledgerError, VendorUnavailable
from include.core.failpoints import failpoint
from include.pipeline import accounts
from include.security.tokens import Secret
from include.security.vault import Vault
from include.warehouse import audit, credential_lists, credential_states, credentials, registry
from include.warehouse.database import Connection, connect

log = logging.getLogger(__name__)

# what the vendor says of an owner's consent -> what the credential can do
CONSENT_STATES = {
    "pending": "consent_pending",
    "accepted": "active",
    "rejected": "consent_lost",
    "expired": "consent_lost",
    "revoked": "consent_lost",
}


class Account(NamedTuple):
    """Which account of whom a secret belongs to."""

    organization_id: int
    source_system: str
    label: str = ""


def enter(
    connection: Connection,
    account: Account,
    auth_type: str,
    secret: Secret,
    actor: str,
    limits: dict[str, int | None] | None = None,
) -> int:
    """Store a secret in the running transaction; where the vendor asks the owner by letter, this sends the letter."""
    state, due_at = "active", None
    consent = accounts.vendor(account.source_system).CONSENT
    if consent is not None and secret.get("login_hint"):
        answer = consent.request(accounts.vendor_settings(account.source_system), secret["login_hint"])
        state, due_at = _told(answer, credentials.now(connection))
        secret = {**secret, **answer}
    credential_id = credentials.enter(
        connection,
        **account._asdict(),
        auth_type=auth_type,
        secret=secret,
        actor=actor,
        state=state,
        consent_check_due_at=due_at,
        limits=limits,
    )
    _note(connection, "credential_entered", credential_id, account.organization_id, actor, {"auth_type": auth_type})
    return credential_id


def enter_again(
    connection: Connection,
    account: Account,
    auth_type: str,
    secret: Secret,
    actor: str,
    limits: dict[str, int | None] | None = None,
) -> int:
    """Store a secret that a file or variable repeats at every call; a known one keeps its row and its state."""
    known = registry.find_credential(connection, *account)
    if known and known["auth_type"] == auth_type and _holds(known, secret):
        credentials.set_limits(connection, known["credential_id"], limits or {})
        return known["credential_id"]
    return enter(connection, account, auth_type, secret, actor, limits)


def test(credential_id: int) -> list[str]:
    """Connect with a credential and list the account's sites; records how that went and nothing else."""
    from include.pipeline.credential_upkeep import check_consent

    with connect() as connection:
        row = credentials.get(connection, credential_id)
        is_due = row["consent_check_due_at"] and row["consent_check_due_at"] <= credentials.now(connection)
    if row["state"] == "consent_pending":
        state = check_consent(credential_id) if is_due else row["state"]
        if state != "active":
            raise ConsentPending(
                f"the owner has not agreed: {state.replace('_', ' ')}",
                place=f"credential {credential_id}",
                remedy="Wait for the owner's answer; it is asked for every half hour.",
            )
        row = row | {"state": state}
    try:
        names = [site.name for site in accounts.connect_account(row).sites()]
    except SunledgerError as error:
        with connect() as connection:
            credential_states.record_use(connection, row, error)
        raise
    with connect() as connection:
        credential_states.record_use(connection, row)
        if row["state"] not in {"active", "disabled"}:
            credential_states.set_state(connection, credential_id, "active")
    return names


def switch(credential_id: int, *, on: bool, actor: str, reason: str = "") -> str:
    """Take a credential out of use, or back into use; returns its new state."""
    with connect() as connection:
        row = credentials.locked(connection, credential_id)
        waits = row["consent_check_due_at"] is not None
        state = ("consent_pending" if waits else "active") if on else "disabled"
        credential_states.set_state(connection, credential_id, state)
        action = "credential_enabled" if on else "credential_disabled"
        _note(connection, action, credential_id, row["organization_id"], actor, {}, reason)
    return state


def rotate(actor: str) -> Iterator[tuple[int, int]]:
    """Encrypt every record again that is not under the newest key; yields (done, of how many) after each.

    Each row is a transaction of its own under its lock, so it may be killed and run again at any time. Records that
    do not open, or are in use for too long, are left and named in an error at the end.
    """
    newest = Vault.from_environment().newest_key_id
    with connect() as connection:
        waiting = credential_lists.under_other_keys(connection, newest)
    left: list[str] = []
    for done, credential_id in enumerate(waiting, start=1):
        try:
            _reencrypt(credential_id, newest)
        except (SecretError, VendorUnavailable) as error:
            left.append(str(error))
        failpoint("credential_reencrypted")
        yield done, len(waiting)
    with connect() as connection:
        details = {"key_id": newest, "records": len(waiting) - len(left), "left": len(left)}
        audit.record(connection, actor=actor, action="vault_key_rotated", subject=f"key {newest}", details=details)
    if left:
        raise SecretError(
            f"{len(left)} of {len(waiting)} records were not encrypted again: {'; '.join(left)}",
            remedy="Keep their keys in the ring, mend what is named, and run it again.",
        )


def _reencrypt(credential_id: int, newest: str) -> None:
    with connect() as connection:
        row = credentials.locked(connection, credential_id)
        if row["key_id"] != newest:  # its token may have been renewed meanwhile
            credentials.reencrypt(connection, row)


def consent_due(answer: dict[str, Any], now: datetime) -> str | None:
    """When to ask the vendor about the owner again, by the database's clock; None where nothing new will come."""
    if not answer.get("next_check"):
        return None
    pause = datetime.fromisoformat(answer["next_check"]) - datetime.fromisoformat(answer["consent_checked_at"])
    return (now + max(pause, timedelta(minutes=1))).isoformat()


def _told(answer: dict[str, Any], now: datetime) -> tuple[str, str | None]:
    return CONSENT_STATES[answer["consent_state"]], consent_due(answer, now)


def _holds(row: dict[str, Any], secret: Secret) -> bool:
    """Whether a row holds this secret already; one that does not open is to be replaced."""
    try:
        stored = credentials.opened(row)
    except SecretError:
        return False
    return all(stored.get(field) == value for field, value in secret.items())


def _note(
    connection: Connection,
    action: str,
    credential_id: int,
    organization_id: int,
    actor: str,
    details: dict[str, Any],
    reason: str = "",
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        subject=f"credential {credential_id}",
        reason=reason,
        organization_id=organization_id,
        details=details,
    )
