"""Call budgets of vendor accounts, reserved in the database before the call so that all workers share them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.core.errors import QuotaExhausted, RateLimited
from include.warehouse.database import Connection, connect


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one account, or our application at a vendor, may call; None does not bound it."""

    account: str
    calls_per_minute: int | None = None
    calls_per_month: int | None = None


class Budgets:
    """The allowances that every try of a call counts against, retries included."""

    def __init__(self, allowances: Sequence[Allowance]) -> None:
        self.allowances = tuple(allowances)

    def reserve(self) -> None:
        """Take one call from every allowance, or from none; raises `RateLimited` (with `retry_at`) or `QuotaExhausted`.

        Months and minutes are those of the database's clock, which all workers share.
        """
        with connect() as connection:
            for allowance in self.allowances:
                minute = _take(connection, allowance.account, "minute", allowance.calls_per_minute)
                if not minute["is_taken"]:
                    raise RateLimited(
                        f"{allowance.calls_per_minute} calls a minute are used up",
                        retry_at=minute["ends_at"],
                        place=allowance.account,
                    )
                month = _take(connection, allowance.account, "month", allowance.calls_per_month)
                if not month["is_taken"]:
                    raise QuotaExhausted(
                        f"{allowance.calls_per_month} calls of {_month(month['started_at'])} are used up",
                        place=allowance.account,
                        remedy="wait for the next month, or raise the plan and the account's limit",
                    )


def _take(connection: Connection, account: str, span: str, limit: int | None) -> dict[str, Any]:
    return connection.execute(
        """
        with
        spans as (
            select date_trunc(%(span)s, clock_timestamp(), 'UTC') as started_at
        ),

        taken as (
            insert into ops.api_usage as usage (account, span, started_at, calls)
            select %(account)s, %(span)s, started_at, 1 from spans
            on conflict (account, span, started_at) do update set calls = usage.calls + 1
            where usage.calls < coalesce(%(limit)s, 2147483647)
            returning calls
        )

        select
            started_at, exists (select from taken) as is_taken,
            (started_at at time zone 'UTC' + ('1 ' || %(span)s)::interval) at time zone 'UTC' as ends_at
        from spans
        """,
        {"account": account, "span": span, "limit": limit},
    ).fetchone()


def _month(started_at: datetime) -> str:
    return f"{started_at:%B %Y}"
