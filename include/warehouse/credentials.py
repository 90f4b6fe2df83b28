"""Credentials of vendor accounts: encrypted at rest, renewed by one worker at a time, with an explicit state.

`updated_at` moves when a person changes a credential and stays when its token is renewed or its key is replaced, so
that a worker can tell whether what it learned still concerns the secret that it used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from psycopg.errors import LockNotAvailable

from include.core.errors import (
    AuthFailed,
    NotFound,
    SecretError,
    VendorUnavailable,
)
from include.security.tokens import Secret
from include.security.vault import Binding, Vault
from include.warehouse import audit, registry, vault_keys
from include.warehouse.credential_states import record_use
from include.warehouse.database import Connection, connect

LOCK_TIMEOUT = "60s"  # a renewal takes seconds; the vendor's slowest answer is given up before

# with one of these a new token can be had
RENEWING_FIELDS = ("refresh_token", "password", "login_hint", "api_key")


class StoredCredential:
    """Keeper of one credential's secret; the lock is the row's own, so it holds across processes and machines."""

    def __init__(self, credential_id: int) -> None:
        self.credential_id = credential_id

    def read(self) -> Secret:
        """Decrypt the secret as stored now."""
        with connect() as connection:
            return opened(get(connection, self.credential_id))

    def now(self) -> datetime:
        """The database's present."""
        with connect() as connection:
            return connection.execute("select clock_timestamp() as now").fetchone()["now"]

    @contextmanager
    def hold(self) -> Iterator["_Held"]:
        """Lock the row until the block ends; `save` commits at once, under the same lock.

        A refusal by the vendor is noted under the lock too: it concerns just the secret that is stored.
        """
        with connect() as connection:
            row = locked(connection, self.credential_id)
            try:
                yield _Held(connection, row)
            except AuthFailed as error:
                record_use(connection, row, error)
                connection.commit()
                raise


class _Held:
    """The locked row of one credential."""

    def __init__(self, connection: Connection, row: dict[str, Any]) -> None:
        self.connection, self.row = connection, row
        self.secret: Secret = opened(row)

    def save(self, secret: Secret) -> None:
        """Store and commit a renewed secret; the lock ends with it."""
        _write(self.connection, self.row, secret)
        self.connection.commit()


def get(connection: Connection, credential_id: int, *, for_update: bool = False) -> dict[str, Any]:
    """One credential row, still encrypted."""
    lock = " for update" if for_update else ""
    row = connection.execute(
        f"select * from ops.integration_credential where credential_id = %s{lock}",  # noqa: S608 -- a constant
        [credential_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no credential {credential_id}", remedy="`sunledger credentials list` shows them")
    return row


def locked(connection: Connection, credential_id: int) -> dict[str, Any]:
    """The row under lock; raises VendorUnavailable, to be tried again, when another worker does not let go of it."""
    connection.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
    try:
        return get(connection, credential_id, for_update=True)
    except LockNotAvailable as error:
        raise VendorUnavailable(
            f"another worker has been renewing the token for {LOCK_TIMEOUT}",
            place=f"credential {credential_id}",
            remedy="It is tried again by itself; if this stays, end the process that hangs.",
        ) from error


def opened(row: dict[str, Any]) -> Secret:
    """Decrypt a credential row; one that does not open leaves an audit entry, because somebody may have moved it."""
    try:
        return Vault.from_environment().decrypt(row["encrypted_credentials"], row["key_id"], _binding(row))
    except SecretError as error:
        with connect() as connection:
            audit.record(
                connection,
                actor="sunledger",
                action="credential_unreadable",
                subject=f"credential {row['credential_id']}",
                reason=error.message,
                organization_id=row["organization_id"],
                details={"key_id": row["key_id"], "source_system": row["source_system"]},
            )
        raise


def enter(
    connection: Connection,
    *,
    organization_id: int,
    source_system: str,
    label: str,
    auth_type: str,
    secret: Secret,
    actor: str,
    state: str = "active",
    consent_check_due_at: str | None = None,
    limits: dict[str, int | None] | None = None,
) -> int:
    """Store a secret that a person entered; an account of that label keeps its id and begins anew.

    limits: `calls_per_minute` and `monthly_credits`; one that is absent or None stays as it is
    """
    known = registry.find_credential(connection, organization_id, source_system, label)
    credential_id = known["credential_id"] if known else registry.next_credential_id(connection)
    record, key_id = vault_keys.sealed(secret, Binding(organization_id, credential_id, source_system))
    registry.put_credential(
        connection,
        {
            "credential_id": credential_id,
            "organization_id": organization_id,
            "source_system": source_system,
            "auth_type": auth_type,
            "label": label,
            "encrypted_credentials": record,
            "key_id": key_id,
            "state": state,
            "consent_check_due_at": consent_check_due_at,
            "token_expires_at": secret.get("expires_at"),
            "renewable_until": renewable_until(secret),
            "token_refreshed_at": secret.get("obtained_at"),
            "last_error": None,
            "error_count": 0,
            "updated_at": now(connection),
            **({} if known else {"created_by": actor}),
            **{name: limit for name, limit in (limits or {}).items() if limit is not None},
        },
    )
    return credential_id


def store_secret(connection: Connection, row: dict[str, Any], secret: Secret) -> None:
    """Encrypt a secret that a person brought into its row; what the row says of tokens follows from the secret."""
    _write(connection, row, secret)
    connection.execute(
        "update ops.integration_credential set updated_at = clock_timestamp() where credential_id = %s",
        [row["credential_id"]],
    )


def store_consent(
    connection: Connection, row: dict[str, Any], secret: Secret, state: str, consent_check_due_at: str | None
) -> None:
    """Store what the owner of the plants answered; `row` is locked."""
    _write(connection, row, secret)
    connection.execute(
        "update ops.integration_credential set state = %s, consent_check_due_at = %s where credential_id = %s",
        [state, consent_check_due_at, row["credential_id"]],
    )


def reencrypt(connection: Connection, row: dict[str, Any]) -> None:
    """Encrypt a locked row with the vault's newest key; nothing else of it changes."""
    record, key_id = vault_keys.sealed(opened(row), _binding(row))
    connection.execute(
        "update ops.integration_credential set encrypted_credentials = %s, key_id = %s where credential_id = %s",
        [record, key_id, row["credential_id"]],
    )


def set_limits(connection: Connection, credential_id: int, limits: dict[str, int | None]) -> None:
    """Bound the calls of an account; a limit that is absent or None stays as it is."""
    connection.execute(
        """
        update ops.integration_credential
        set calls_per_minute = coalesce(%s, calls_per_minute), monthly_credits = coalesce(%s, monthly_credits)
        where credential_id = %s
        """,
        [limits.get("calls_per_minute"), limits.get("monthly_credits"), credential_id],
    )


def renewable_until(secret: Secret) -> str | None:
    """When the owner has to connect again at the latest: the end of renewal, or of a token that nothing renews."""
    if secret.get("renewable_until") or any(secret.get(field) for field in RENEWING_FIELDS):
        return secret.get("renewable_until")
    return secret.get("expires_at")


def now(connection: Connection) -> datetime:
    """The database's present."""
    return connection.execute("select clock_timestamp() as now").fetchone()["now"]


def _write(connection: Connection, row: dict[str, Any], secret: Secret) -> None:
    record, key_id = vault_keys.sealed(secret, _binding(row))
    connection.execute(
        """
        update ops.integration_credential
        set encrypted_credentials = %s, key_id = %s, token_expires_at = %s, renewable_until = %s,
            token_refreshed_at = coalesce(%s, token_refreshed_at)
        where credential_id = %s
        """,
        [
            record,
            key_id,
            secret.get("expires_at"),
            renewable_until(secret),
            secret.get("obtained_at"),
            row["credential_id"],
        ],
    )


def _binding(row: dict[str, Any]) -> Binding:
    return Binding(row["organization_id"], row["credential_id"], row["source_system"])
