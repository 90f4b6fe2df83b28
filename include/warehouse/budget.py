"""Call budgets of vendor credentials, reserved in the database before the call so that all workers share them."""

from datetime import UTC, datetime, timedelta

from include.core.errors import QuotaExhausted, RateLimited
from include.warehouse.database import Connection, connect


class CredentialBudget:
    """Minute limit and monthly credits of one credential; every try of a call reserves one, retries included."""

    def __init__(self, credential_id: int, calls_per_minute: int | None, monthly_credits: int | None) -> None:
        self.credential_id = credential_id
        self.calls_per_minute = calls_per_minute
        self.monthly_credits = monthly_credits

    def reserve(self) -> None:
        """Take one call from the budget; raises `RateLimited` (with `retry_at`) or `QuotaExhausted`."""
        now = datetime.now(UTC)
        minute, month = now.replace(second=0, microsecond=0), datetime(now.year, now.month, 1, tzinfo=UTC)
        with connect() as connection:
            if not _take(connection, self.credential_id, "minute", minute, self.calls_per_minute):
                raise RateLimited(
                    f"{self.calls_per_minute} calls a minute are used up", retry_at=minute + timedelta(minutes=1)
                )
            if not _take(connection, self.credential_id, "month", month, self.monthly_credits):
                raise QuotaExhausted(
                    f"{self.monthly_credits} credits of {month:%B %Y} are used up",
                    place=f"credential {self.credential_id}",
                    remedy="wait for the next cycle, or raise the plan and monthly_credits",
                )


def _take(connection: Connection, credential_id: int, span: str, started_at: datetime, limit: int | None) -> bool:
    taken = connection.execute(
        """
        insert into ops.api_usage as usage (credential_id, span, started_at, calls) values (%(id)s, %(span)s, %(at)s, 1)
        on conflict (credential_id, span, started_at) do update set calls = usage.calls + 1
        where usage.calls < coalesce(%(limit)s, 2147483647)
        returning calls
        """,
        {"id": credential_id, "span": span, "at": started_at, "limit": limit},
    ).fetchone()
    return taken is not None
