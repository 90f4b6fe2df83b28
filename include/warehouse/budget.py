"""Call budgets of vendor accounts, reserved in the database before the call so that all workers share them."""

from datetime import UTC, datetime, timedelta

from include.core.errors import QuotaExhausted, RateLimited
from include.warehouse.database import Connection, connect


class Budgets:
    """Minute limit and monthly credits of one account; every try of a call reserves one, retries included."""

    def __init__(self, account: str, calls_per_minute: int | None, monthly_credits: int | None) -> None:
        self.account = account
        self.calls_per_minute = calls_per_minute
        self.monthly_credits = monthly_credits

    def reserve(self) -> None:
        """Take one call from the budget; raises `RateLimited` (with `retry_at`) or `QuotaExhausted`."""
        now = datetime.now(UTC)
        minute, month = now.replace(second=0, microsecond=0), datetime(now.year, now.month, 1, tzinfo=UTC)
        with connect() as connection:
            if not _take(connection, self.account, "minute", minute, self.calls_per_minute):
                raise RateLimited(
                    f"{self.calls_per_minute} calls a minute are used up", retry_at=minute + timedelta(minutes=1)
                )
            if not _take(connection, self.account, "month", month, self.monthly_credits):
                raise QuotaExhausted(
                    f"{self.monthly_credits} credits of {month:%B %Y} are used up",
                    place=self.account,
                    remedy="wait for the next cycle, or raise the plan and monthly_credits",
                )


def _take(connection: Connection, account: str, span: str, started_at: datetime, limit: int | None) -> bool:
    taken = connection.execute(
        """
        insert into ops.api_usage as usage (account, span, started_at, calls) values (%(account)s, %(span)s, %(at)s, 1)
        on conflict (account, span, started_at) do update set calls = usage.calls + 1
        where usage.calls < coalesce(%(limit)s, 2147483647)
        returning calls
        """,
        {"account": account, "span": span, "at": started_at, "limit": limit},
    ).fetchone()
    return taken is not None
