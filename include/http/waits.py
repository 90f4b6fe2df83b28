"""How long to wait before the next try, and when to give up."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from include.core.errors import RateLimited, VendorUnavailable

BACKOFF_S = (2.0, 4.0, 8.0)
JITTER_S = 1.0
MOST_THROTTLES = 5
UNNAMED_WAIT = timedelta(seconds=60)
LONGEST_NAMED_WAIT = timedelta(days=31)


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The instant named by `Retry-After`, given in seconds or as an HTTP date; None when absent or unreadable."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=min(int(text), 10**9)), LONGEST_NAMED_WAIT)
    try:
        named = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    if named.tzinfo is None:  # "-0000" in an HTTP date means UTC
        named = named.replace(tzinfo=UTC)
    return max(now, min(named, now + LONGEST_NAMED_WAIT))


def next_call_at(headers: Mapping[str, str], body: bytes, now: datetime) -> datetime:
    """Answer to a 429 of a vendor without peculiarities: as `Retry-After` says, else in one minute.

    A vendor's own version has the same signature and raises `QuotaExhausted` for a used-up quota.
    """
    return retry_after(headers, now) or now + UNNAMED_WAIT


@dataclass
class Patience:
    """Counts the tries of one call. Waits longer than `longest_wait_s` in total are left to the scheduler."""

    longest_wait_s: float
    tries: int = 0
    throttles: int = 0
    waited_s: float = 0.0

    def pause_s(self, failure: VendorUnavailable, now: datetime) -> float:
        """Seconds to wait before the next try; raises `failure` when there shall be none."""
        if isinstance(failure, RateLimited):
            self.throttles += 1
            is_last = self.throttles > MOST_THROTTLES or failure.retry_at is None
            pause = 1.0  # a `Retry-After: 0` must not become a tight loop
        else:
            self.tries += 1
            is_last = self.tries > len(BACKOFF_S)
            pause = 0.0 if is_last else BACKOFF_S[self.tries - 1]
        pause += random.uniform(0, JITTER_S)  # noqa: S311 -- spreads calls, guards nothing
        if failure.retry_at:
            pause = max(pause, (failure.retry_at - now).total_seconds())
        if is_last or self.waited_s + pause > self.longest_wait_s:
            failure.message += f" (try {self.tries + self.throttles})"
            raise failure
        self.waited_s += pause
        return pause
