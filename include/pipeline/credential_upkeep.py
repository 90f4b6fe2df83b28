"""The upkeep of credentials: tokens kept alive, owners asked about, people told in time. One never stops the others."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from include.core.errors import ConfigurationError, SunledgerError
from include.pipeline import accounts
from include.pipeline.credentials import CONSENT_STATES, consent_due
from include.warehouse import audit, credential_lists, credential_states, credentials, vault_keys
from include.warehouse.database import connect

log = logging.getLogger(__name__)

# why a person is needed -> what to do
REMEDIES = {
    "reauth_required": "connect the account again; its owner has to agree",
    "consent_lost": "ask the owner for access again, then enter the account again",
    "refused": "enter a valid secret with `sunledger credentials add`",
    "unreadable": "put the key that it was written with back into SUNLEDGER_VAULT_KEYS, or enter the secret again",
    "expires": "connect the account again before that; its owner has to agree",
}


def keep_alive() -> dict[str, int]:
    """Renew tokens that lie idle, by listing the account's sites, which shows too that the account still works."""
    with connect() as connection:
        due = credential_lists.due_for_renewal(connection)
    return _each(due, _renew)


def poll_consents() -> dict[str, int]:
    """Ask the vendors what owners answered, where the next look is due."""
    with connect() as connection:
        due = credential_lists.claim_consent_checks(connection)
    return _each(due, check_consent)


def check_consent(credential_id: int) -> str:
    """Learn what one owner answered and store it; returns the credential's state."""
    with connect() as connection:
        row = credentials.get(connection, credential_id)
    consent = accounts.vendor(row["source_system"]).CONSENT
    login_hint = credentials.opened(row).get("login_hint")
    if consent is None or not login_hint:
        raise ConfigurationError(f"no owner is asked about credential {credential_id}")
    answer = consent.poll(accounts.vendor_settings(row["source_system"]), login_hint)
    with connect() as connection:
        row = credentials.locked(connection, credential_id)
        secret = credentials.opened(row)
        if secret.get("login_hint") != login_hint:  # a person has entered another owner meanwhile
            return row["state"]
        state, due_at = CONSENT_STATES[answer["consent_state"]], consent_due(answer, credentials.now(connection))
        credentials.store_consent(connection, row, {**secret, **answer}, state, due_at)
    return state


def needing_attention() -> list[dict[str, Any]]:
    """Credentials that a person has to look after, each with what to do."""
    with connect() as connection:
        rows = credential_lists.needing_attention(connection)
    return [{**row, "remedy": REMEDIES[row["why"]]} for row in rows]


def tell(send: Callable[[str, str], None]) -> int:
    """Send one message about the credentials and keys that nobody was told of within a day; returns how many it names.

    send: takes title and text; when it raises, they count as untold
    """
    with connect() as connection:
        matters = [(f"credential {row['credential_id']}", row, describe(row)) for row in needing_attention()]
        matters += [(f"key {key['key_id']}", key, describe_key(key)) for key in vault_keys.worn(connection)]
        untold = [matter for matter in matters if not credential_lists.told_today(connection, matter[0])]
        for subject, row, line in untold:
            audit.record(
                connection,
                actor="sunledger",
                action=credential_lists.TOLD,
                subject=subject,
                reason=line,
                organization_id=row.get("organization_id"),
            )
        if untold:
            send("Sunledger: vendor accounts need a person", "\n".join(line for _, _, line in untold))
    return len(untold)


def describe(row: dict[str, Any]) -> str:
    """One line for a person about a credential that needs attention."""
    account = (
        f"{row['organization']}: {row['source_system']} account {row['label']!r} (credential {row['credential_id']})"
    )
    why = row["why"].replace("_", " ")
    until = f" {row['renewable_until']:%Y-%m-%d %H:%M}Z" if row["why"] == "expires" else ""
    return f"{account}: {why}{until}; {row['remedy']}"


def describe_key(key: dict[str, Any]) -> str:
    """One line for a person about a key that is nearly used up."""
    return f"vault key {key['key_id']} has encrypted {key['encryptions']} records; {vault_keys.REMEDY}"


def _each(due: Iterable[dict[str, Any]], act: Callable[[int], Any]) -> dict[str, int]:
    """Act on every credential; what fails is noted on it and logged, and the next one follows."""
    counts = {"done": 0, "failed": 0}
    for row in due:
        try:
            act(row["credential_id"])
            counts["done"] += 1
        except Exception as error:  # noqa: BLE001 -- whatever breaks one account, the others go on
            counts["failed"] += 1
            _note_failure(row["credential_id"], error)
    return counts


def _note_failure(credential_id: int, error: Exception) -> None:
    if not isinstance(error, SunledgerError):
        log.exception("credential %s: upkeep failed", credential_id)
        return
    log.warning("credential %s: %s", credential_id, error)
    with connect() as connection:
        credential_states.record_use(connection, credentials.get(connection, credential_id), error)


def _renew(credential_id: int) -> None:
    with connect() as connection:
        row = credentials.get(connection, credential_id)
    next(iter(accounts.connect_account(row).sites()), None)
    with connect() as connection:
        credential_states.record_use(connection, row)
