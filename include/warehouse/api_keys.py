"""Keys of clients: made, found, rotated, revoked, each with an audit entry. The key itself is never stored."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from include.core.errors import IllegalState, NotFound
from include.warehouse import audit
from include.warehouse.database import Connection

BRAND = "sl"
PREFIX_BYTES, SECRET_BYTES = 6, 32
SCOPES = (
    "meter_data", "billing_reads", "reference_data", "status", "sites", "credentials", "evidence", "contracts",
    "contracts_read",
)  # fmt: skip
OVERLAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `text` is shown once and known to nobody afterwards."""

    api_key_id: int
    text: str


def create(
    connection: Connection,
    organization_id: int,
    *,
    label: str,
    scopes: list[str],
    actor: str,
    source_system: str | None = None,
    calls_per_minute: int | None = None,
    days: int | None = None,
) -> NewKey:
    """Make a key of an organization; `days` is its life, None means until revoked."""
    prefix = f"{BRAND}_{secrets.token_hex(PREFIX_BYTES)}"
    text = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    row = connection.execute(
        """
        insert into ops.api_key
            (organization_id, label, prefix, key_hash, scopes, source_system, calls_per_minute, created_by, expires_at)
        values (%s, %s, %s, %s, %s, %s, coalesce(%s, 600), %s, now() + make_interval(days => %s))
        returning api_key_id
        """,
        [organization_id, label, prefix, _hash(text), scopes, source_system, calls_per_minute, actor, days],
    ).fetchone()
    _note(connection, organization_id, row["api_key_id"], "api_key_made", actor, {"label": label, "scopes": scopes})
    return NewKey(row["api_key_id"], text)


def find(connection: Connection, text: str, address: str) -> tuple[dict[str, Any] | None, int, int]:
    """The usable key with this text, if any, and how many requests its caller and its address made this minute.

    One statement; the comparison takes as long for a wrong secret as for the right one. Wrong secrets count against
    their address only, so that nobody can use up the requests of a key whose prefix is known.
    """
    prefix = "_".join(text.split("_", 2)[:2])
    row = connection.execute(
        """
        select k.*,
            case
                when k.is_usable and k.key_hash = %(hash)s::char(64) then ops.count_request('key:' || k.api_key_id)
            end as caller_hits,
            ops.count_request('address:' || %(address)s) as address_hits
        from (select) as always left join ops.find_api_key(%(prefix)s) as k on true
        """,
        {"prefix": prefix, "address": address, "hash": _hash(text)},
    ).fetchone()
    is_right = hmac.compare_digest(row["key_hash"] or _hash(""), _hash(text)) and bool(row["is_usable"])
    return (row if is_right else None), row["caller_hits"] or 0, row["address_hits"]


def rotate(connection: Connection, organization_id: int, api_key_id: int, *, actor: str) -> NewKey:
    """Make a key with the same rights and as long a life; the old one works for another week."""
    old = get(connection, organization_id, api_key_id, for_update=True)
    if old["revoked_at"] is not None or old["replaced_by_id"] is not None or old["is_expired"]:
        raise IllegalState(f"key {api_key_id} is revoked, expired or replaced already", remedy="make a new key")
    new = create(
        connection,
        organization_id,
        label=old["label"],
        scopes=old["scopes"],
        actor=actor,
        source_system=old["source_system"],
        calls_per_minute=old["calls_per_minute"],
        days=(old["expires_at"] - old["created_at"]).days if old["expires_at"] else None,
    )
    connection.execute(
        """
        update ops.api_key set replaced_by_id = %s, expires_at = least(expires_at, now() + %s)
        where api_key_id = %s
        """,
        [new.api_key_id, OVERLAP, api_key_id],
    )
    _note(connection, organization_id, api_key_id, "api_key_rotated", actor, {"replaced_by": new.api_key_id})
    return new


def revoke(connection: Connection, organization_id: int, api_key_id: int, *, actor: str) -> None:
    """End a key at once; ending it again changes nothing."""
    key = get(connection, organization_id, api_key_id, for_update=True)
    if key["revoked_at"] is None:
        connection.execute("update ops.api_key set revoked_at = now() where api_key_id = %s", [api_key_id])
        _note(connection, organization_id, api_key_id, "api_key_revoked", actor, {})


def get(connection: Connection, organization_id: int, api_key_id: int, *, for_update: bool = False) -> dict[str, Any]:
    """One key of the organization, without its hash."""
    lock = " for update" if for_update else ""
    row = connection.execute(
        f"select {_SHOWN} from ops.api_key where organization_id = %s and api_key_id = %s{lock}",  # noqa: S608
        [organization_id, api_key_id],
    ).fetchone()
    if row is None:
        raise NotFound("there is no such key", remedy="list the keys of your organization")
    return row


def listing(connection: Connection, organization_id: int) -> list[dict[str, Any]]:
    """All keys of the organization, newest first."""
    return connection.execute(
        f"select {_SHOWN} from ops.api_key where organization_id = %s order by api_key_id desc",  # noqa: S608
        [organization_id],
    ).fetchall()


def note_use(connection: Connection, api_key_id: int) -> None:
    """Remember that a key was used, to the minute."""
    connection.execute(
        """
        update ops.api_key set last_used_at = now()
        where api_key_id = %s and (last_used_at is null or last_used_at < now() - interval '1 minute')
        """,
        [api_key_id],
    )


_SHOWN = """api_key_id, organization_id, label, prefix, scopes, source_system, calls_per_minute, replaced_by_id,
    created_by, created_at, expires_at, revoked_at, last_used_at, coalesce(expires_at <= now(), false) as is_expired"""


def _note(
    connection: Connection, organization_id: int, api_key_id: int, action: str, actor: str, details: dict[str, Any]
) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        subject=f"api key {api_key_id}",
        organization_id=organization_id,
        details=details,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
