"""SMA: how long to wait after a 429, which comes without `Retry-After`."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from include.http.waits import retry_after

STEPS_S = (60, 120, 240, 300)
JITTER_SHARE = 0.25  # so that workers who were refused together do not come back together


class Backoff:
    """Waits longer with every 429 in a row; `throttled` is that of a session."""

    def __init__(self) -> None:
        self.refusals = 0

    def throttled(self, headers: Mapping[str, str], body: bytes, now: datetime) -> datetime:
        """When to call again."""
        pause_s = STEPS_S[min(self.refusals, len(STEPS_S) - 1)]
        self.refusals += 1
        pause_s *= 1 + random.uniform(0, JITTER_SHARE)  # noqa: S311 -- spreads calls, guards nothing
        return retry_after(headers, now) or now + timedelta(seconds=pause_s)

    def answered(self) -> None:
        """An answer came: the bucket has tokens again."""
        self.refusals = 0
