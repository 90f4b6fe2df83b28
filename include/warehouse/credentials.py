"""Credentials of vendor accounts: encrypted at rest, renewed by one worker at a time, with an explicit state."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from include.core.errors import NotFound
from include.security.tokens import Secret
from include.security.vault import Binding, Vault
from include.warehouse.database import Connection, connect


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
        """Lock the row until the block ends; `save` commits at once, under the same lock."""
        with connect() as connection:
            yield _Held(connection, get(connection, self.credential_id, for_update=True))


class _Held:
    """The locked row of one credential."""

    def __init__(self, connection: Connection, row: dict[str, Any]) -> None:
        self.connection, self.row = connection, row
        self.secret: Secret = opened(row)

    def save(self, secret: Secret) -> None:
        """Store and commit a renewed secret; the lock ends with it."""
        store_secret(self.connection, self.row, secret)
        self.connection.commit()


def get(connection: Connection, credential_id: int, *, for_update: bool = False) -> dict[str, Any]:
    """One credential row, still encrypted."""
    lock = " for update" if for_update else ""
    row = connection.execute(
        f"select * from ops.integration_credential where credential_id = %s{lock}",  # noqa: S608 -- a constant
        [credential_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no credential {credential_id}")
    return row


def opened(row: dict[str, Any]) -> Secret:
    """Decrypt a credential row."""
    return Vault.from_environment().decrypt(row["encrypted_credentials"], row["key_id"], _binding(row))


def store_secret(connection: Connection, row: dict[str, Any], secret: Secret) -> None:
    """Encrypt a new secret into its row; what the row says of tokens follows from the secret."""
    record, key_id = Vault.from_environment().encrypt(secret, _binding(row))
    connection.execute(
        """
        update ops.integration_credential
        set encrypted_credentials = %s, key_id = %s, token_expires_at = %s, renewable_until = %s,
            token_refreshed_at = clock_timestamp(), updated_at = clock_timestamp()
        where credential_id = %s
        """,
        [record, key_id, secret.get("expires_at"), secret.get("renewable_until"), row["credential_id"]],
    )


def _binding(row: dict[str, Any]) -> Binding:
    return Binding(row["organization_id"], row["credential_id"], row["source_system"])
