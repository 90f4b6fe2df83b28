"""Which credentials there are, and which are due for something."""

from typing import Any

from include.warehouse.database import Connection

TOLD = "credential_warning"  # the audit entry of a message to people

_WARN = "interval '7 days'"

# A renewal window shorter than that is renewed all the time; it is worth a word when it runs out all the same.
_RUNS_OUT = f"""
    c.renewable_until < clock_timestamp() + {_WARN}
    and (
        c.token_refreshed_at is null or c.renewable_until <= c.token_expires_at
        or c.renewable_until - c.token_refreshed_at > {_WARN}
        or c.renewable_until - clock_timestamp() < (c.renewable_until - c.token_refreshed_at) / 4
    )
"""


def listing(connection: Connection) -> list[dict[str, Any]]:
    """Every credential without its secret."""
    return connection.execute(
        """
        select
            c.credential_id, o.name as organization, c.source_system, c.label, c.auth_type, c.state,
            c.renewable_until, c.consent_check_due_at, c.last_used_at, c.last_error, c.error_count, c.key_id,
            (select count(*) from ops.integration_site as s where s.credential_id = c.credential_id) as sites
        from ops.integration_credential as c
        inner join core.organization as o on c.organization_id = o.organization_id
        order by o.name, c.source_system, c.label
        """
    ).fetchall()


def needing_attention(connection: Connection) -> list[dict[str, Any]]:
    """Credentials that a person has to look after: `why` is the state, `unreadable`, or `expires`."""
    return connection.execute(
        f"""
        select
            c.credential_id, c.organization_id, o.name as organization, c.source_system, c.label, c.renewable_until,
            c.last_error,
            case
                when c.state <> 'active' then c.state
                when starts_with(c.last_error, 'E301') then 'unreadable'
                else 'expires'
            end as why
        from ops.integration_credential as c
        inner join core.organization as o on c.organization_id = o.organization_id
        where
            c.state in ('reauth_required', 'consent_lost', 'refused')
            or c.state = 'active' and (starts_with(c.last_error, 'E301') or {_RUNS_OUT})
        order by o.name, c.source_system, c.label
        """  # noqa: S608 -- constants
    ).fetchall()


def due_for_renewal(connection: Connection) -> list[dict[str, Any]]:
    """Accounts with an expired token that nobody used for a week, or for half of the time in which it can be renewed.

    Refresh tokens end when they are not used, also those of a vendor that does not say when.
    """
    return connection.execute(
        """
        select credential_id, source_system from ops.integration_credential
        where
            state = 'active' and auth_type = 'oauth2'
            and coalesce(token_expires_at, '-infinity') < clock_timestamp()
            and (
                coalesce(token_refreshed_at, updated_at) < clock_timestamp() - interval '7 days'
                or renewable_until - clock_timestamp() < (renewable_until - token_refreshed_at) / 2
            )
        order by renewable_until nulls last, credential_id
        """
    ).fetchall()


def claim_consent_checks(connection: Connection) -> list[dict[str, Any]]:
    """Take the accounts whose owner is to be asked about now; a check that dies is repeated half an hour later."""
    return connection.execute(
        """
        update ops.integration_credential set consent_check_due_at = clock_timestamp() + interval '30 minutes'
        where state <> 'disabled' and consent_check_due_at <= clock_timestamp()
        returning credential_id, source_system
        """
    ).fetchall()


def under_other_keys(connection: Connection, key_id: str) -> list[int]:
    """Ids of the credentials that another key than this one encrypted."""
    rows = connection.execute(
        "select credential_id from ops.integration_credential where key_id <> %s order by credential_id", [key_id]
    )
    return [row["credential_id"] for row in rows]


def records_by_key(connection: Connection) -> dict[str, int]:
    """How many credentials each key of the vault still opens."""
    rows = connection.execute("select key_id, count(*) as n from ops.integration_credential group by 1 order by 1")
    return {row["key_id"]: row["n"] for row in rows}


def told_today(connection: Connection, subject: str) -> bool:
    """Whether a person was told about a credential or key within the last day."""
    return connection.execute(
        """
        select exists (
            select from ops.audit_entry
            where action = %s and subject = %s and occurred_at > clock_timestamp() - interval '1 day'
        ) as told
        """,
        [TOLD, subject],
    ).fetchone()["told"]
