"""Encryption with the vault's newest key, counted in the database, so that no key is used more often than it may be."""

import logging
from typing import Any

from include.core.errors import SecretError
from include.security.vault import ALARM_ENCRYPTIONS, MOST_ENCRYPTIONS, Binding, Vault
from include.warehouse.database import Connection, connect

log = logging.getLogger(__name__)

REMEDY = "Add a new key to the end of SUNLEDGER_VAULT_KEYS and run `sunledger credentials rotate-key`."


def sealed(secret: dict[str, Any], binding: Binding) -> tuple[str, str]:
    """Encrypt a secret for its row; returns the record and the id of the key used."""
    vault = Vault.from_environment()
    _count(vault.newest_key_id)
    return vault.encrypt(secret, binding)


def worn(connection: Connection) -> list[dict[str, Any]]:
    """Keys that encrypted so often that they are to be replaced now."""
    return connection.execute(
        "select key_id, encryptions, first_used_at from ops.vault_key where encryptions >= %s order by key_id",
        [ALARM_ENCRYPTIONS],
    ).fetchall()


def _count(key_id: str) -> None:
    """Count one use before it happens, in a transaction of its own: what was counted stays counted.

    Its own connection also keeps the caller from holding the lock on the count, for which all others wait.
    """
    with connect() as connection:
        counted = connection.execute(
            """
            insert into ops.vault_key as present (key_id, encryptions) values (%(key)s, 1)
            on conflict (key_id) do update set encryptions = present.encryptions + 1
            where present.encryptions < %(most)s
            returning encryptions
            """,
            {"key": key_id, "most": MOST_ENCRYPTIONS},
        ).fetchone()
    if counted is None:
        raise SecretError(f"the key {key_id!r} has encrypted 2^32 records and encrypts no more", remedy=REMEDY)
    if counted["encryptions"] >= ALARM_ENCRYPTIONS:
        log.warning("the key %r has encrypted %s records; at 2^32 it stops. %s", key_id, counted["encryptions"], REMEDY)
