"""The quota of an Enphase application: calls a minute and a month, refused without `Retry-After`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


class Quota:
    """Counts calls per minute and calendar month of the simulator's clock; both windows are named in a refusal."""

    def __init__(self, clock: Callable[[], datetime], calls_per_minute: int, calls_per_month: int, plan: str) -> None:
        self.clock = clock
        self.limits = {"minute": calls_per_minute, "month": calls_per_month}
        self.plan = plan
        self.names_period = True
        self._used: dict[tuple[str, datetime], int] = {}

    def charge(self) -> dict[str, Any] | None:
        """Count one call; returns the body of a refusal when it is one too many."""
        now = self.clock()
        windows = {
            "minute": now.replace(second=0, microsecond=0),
            "month": now.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        }
        for period, start in windows.items():
            if self._used.get((period, start), 0) >= self.limits[period]:
                return self._refusal(period, start)
        for window in windows.items():
            self._used[window] = self._used.get(window, 0) + 1
        return None

    def _refusal(self, period: str, start: datetime) -> dict[str, Any]:
        body = {"message": "Too Many Requests", "details": f"Usage limit exceeded for plan {self.plan}", "code": 429}
        if not self.names_period:
            return body
        end = start + timedelta(minutes=1) if period == "minute" else _next_month(start)
        return body | {
            "period": period,
            "period_start": int(start.timestamp()),
            "period_end": int(end.timestamp()),
            "limit": self.limits[period],
        }


def _next_month(start: datetime) -> datetime:
    return (start.astimezone(UTC) + timedelta(days=32)).replace(day=1)
