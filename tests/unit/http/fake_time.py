"""Time that passes only when somebody sleeps."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FakeTime:
    """A clock and its sleep; `naps_s` lists the waits in seconds."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now
        self.naps_s: list[float] = []

    def clock(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps_s.append(seconds)
        self.now += timedelta(seconds=seconds)
