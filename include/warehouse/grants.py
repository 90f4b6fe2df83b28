"""Secrets that an owner granted in the browser: stored under the account's label, a known account keeps its id."""

import logging
from typing import Any

from include.core.errors import Conflict, SecretError
from include.security.tokens import Secret
from include.warehouse import credentials, registry
from include.warehouse.database import Connection

AUTH_TYPE = "oauth2"
# what tells the accounts of one vendor apart, where its answers say so
OWNER_FIELDS = ("site_id", "enl_uid")

log = logging.getLogger(__name__)


def refuse_taken(connection: Connection, organization_id: int, source_system: str, label: str) -> None:
    """Refuse a label that another kind of account holds; a key that works must not be overwritten by a token."""
    known = registry.find_credential(connection, organization_id, source_system, label)
    if known and (known["auth_type"] != AUTH_TYPE or "password" in _stored(known)):
        raise Conflict(
            f"the {source_system} account {label!r} is connected in another way",
            remedy="Choose another name for this account.",
        )


def store(
    connection: Connection, organization_id: int, source_system: str, label: str, secret: Secret, user_name: str
) -> tuple[int, bool]:
    """Store a granted secret and activate its account; returns the credential's id and whether it is new."""
    _one_at_a_time(connection, organization_id, source_system, label)
    refuse_taken(connection, organization_id, source_system, label)
    known = registry.find_credential(connection, organization_id, source_system, label)
    if known:
        # a worker that renews the old token right now must not store it over the new one
        _refuse_other_owner(credentials.locked(connection, known["credential_id"]), secret)
    credential_id = credentials.enter(
        connection,
        organization_id=organization_id,
        source_system=source_system,
        label=label,
        auth_type=AUTH_TYPE,
        secret=secret,
        actor=user_name,
    )
    return credential_id, known is None


def _refuse_other_owner(row: dict[str, Any], granted: Secret) -> None:
    """The sites of an account hang on its credential; another owner's grant must not take their place."""
    stored = _stored(row)
    for name in OWNER_FIELDS:
        before, after = stored.get(name), granted.get(name)
        if before and after and str(before) != str(after):
            raise Conflict(
                f"the account {row['label']!r} is the one of {name} {before}, and access was granted for {after}",
                remedy="Connect it under a name of its own, or choose the same plant at the vendor.",
            )


def _stored(row: dict[str, Any]) -> Secret:
    """The secret that would be replaced; empty when it cannot be read, because connecting again is how to mend it."""
    try:
        return credentials.opened(row)
    except SecretError as error:
        log.warning("the secret of credential %s cannot be read: %s", row["credential_id"], error)
        return {}


def _one_at_a_time(connection: Connection, organization_id: int, source_system: str, label: str) -> None:
    """Until the transaction ends, nobody else stores under this label; there may be no row yet to lock."""
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{organization_id}|{source_system}|{label}"]
    )
