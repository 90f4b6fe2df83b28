"""What a credential can do after it was used: errors that only a person can mend take it out of use."""

import logging
from typing import Any

from include.core.errors import (
    AuthFailed,
    AuthOrGateway,
    ConsentLost,
    ConsentPending,
    QuotaExhausted,
    ReauthRequired,
    SecretError,
    SunledgerError,
)
from include.warehouse.database import Connection

log = logging.getLogger(__name__)

# what a credential can do after an error; the first that fits decides, None changes nothing
STATE_AFTER: tuple[tuple[type[SunledgerError], str | None], ...] = (
    (ReauthRequired, "reauth_required"),
    (ConsentLost, "consent_lost"),
    (ConsentPending, "consent_pending"),
    (AuthOrGateway, None),  # a gateway's page says nothing of the account
    (AuthFailed, "refused"),
)
# errors that say something of the account
OF_THE_ACCOUNT = (AuthFailed, ConsentPending, QuotaExhausted, SecretError)


def set_state(connection: Connection, credential_id: int, state: str) -> None:
    """Switch a credential on or off by hand; errors of before are forgotten."""
    connection.execute(
        """
        update ops.integration_credential
        set state = %s, last_error = null, error_count = 0, updated_at = clock_timestamp()
        where credential_id = %s
        """,
        [state, credential_id],
    )


def record_use(connection: Connection, row: dict[str, Any], error: SunledgerError | None = None) -> None:
    """Note how the use of a credential ended, unless a person has changed it since `row` was read.

    Success clears the last error. An error of the account is counted, and one that only a person can mend takes the
    credential out of use; other errors, such as an outage, say nothing of it.
    """
    if error is not None and not isinstance(error, OF_THE_ACCOUNT):
        return
    state = state_after(error)
    connection.execute(
        """
        update ops.integration_credential
        set last_used_at = clock_timestamp(), state = coalesce(%(state)s, state), last_error = %(error)s,
            error_count = case when %(error)s::text is null then 0 else error_count + 1 end
        -- what was noted under the row's lock is not noted again
        where credential_id = %(credential)s and updated_at = %(updated_at)s and state is distinct from %(state)s
        """,
        {
            "state": state,
            "error": str(error)[:1000] if error else None,
            "credential": row["credential_id"],
            "updated_at": row["updated_at"],
        },
    )
    if state:
        log.warning("%s credential %s is %s now: %s", row["source_system"], row["credential_id"], state, error)


def state_after(error: SunledgerError | None) -> str | None:
    """The state that an error leaves a credential in; None where the state stays."""
    return next((state for kind, state in STATE_AFTER if isinstance(error, kind)), None)
