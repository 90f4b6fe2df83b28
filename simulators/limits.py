"""The two limits of a SolarEdge account: calls a minute, and monthly credits."""

from collections.abc import Callable
from datetime import datetime


class LimitReached(Exception):
    """A call too many; `headers` are what tells the two kinds apart."""

    def __init__(self, detail: str, headers: dict[str, str]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers


class Limits:
    """Counts calls per minute and per calendar month of the simulator's clock."""

    def __init__(self, clock: Callable[[], datetime], calls_per_minute: int, credits_per_month: int) -> None:
        self.clock = clock
        self.calls_per_minute = calls_per_minute
        self.credits_per_month = credits_per_month
        self._minute: tuple[datetime, int] | None = None
        self._month: tuple[tuple[int, int], int] | None = None

    def charge(self) -> dict[str, str]:
        """Count one call; returns the headers of a normal answer."""
        now = self.clock()
        minute, month = now.replace(second=0, microsecond=0), (now.year, now.month)
        calls = self._minute[1] if self._minute and self._minute[0] == minute else 0
        used = self._month[1] if self._month and self._month[0] == month else 0
        if calls >= self.calls_per_minute:
            headers = {"x-ratelimit-remaining-minute": "0", "retry-after": str(60 - now.second)}
            raise LimitReached("Too many calls in this minute", headers)
        left = {"x-ratelimit-remaining-minute": str(self.calls_per_minute - calls)}
        if used >= self.credits_per_month:
            raise LimitReached("Monthly credits are used up", left)
        self._minute, self._month = (minute, calls + 1), (month, used + 1)
        return {"x-ratelimit-remaining-minute": str(self.calls_per_minute - calls - 1)}
