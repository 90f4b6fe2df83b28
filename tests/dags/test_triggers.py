"""The watcher of deliveries: one event for each new sign, another when a sign stays, and none lost in an outage."""

import asyncio

from include.triggers import inbox

A, B = ("load", "1"), ("after publication", "7")
AWAY = OSError("the warehouse does not answer")


def events(monkeypatch, *looks: set | OSError, minutes_between: float = 0.1) -> list[int]:
    """How many new signs each event tells, when the watcher sees these one after the other."""
    clock, left = iter(range(1000)), list(looks)
    monkeypatch.setattr(inbox, "monotonic", lambda: next(clock) * minutes_between * 60)

    def look() -> set:
        seen = left.pop(0)
        if isinstance(seen, OSError):
            raise seen
        return seen

    monkeypatch.setattr(inbox, "_waiting", look)

    async def watch() -> list[int]:
        fired: list[int] = []
        watcher = inbox.InboxTrigger(poll_seconds=0).run()
        try:
            async for event in watcher:
                fired.append(event.payload["objects"])
        except RuntimeError:  # a look too many: everything was seen
            return fired
        raise AssertionError("the watcher ended")

    monkeypatch.setattr(inbox.asyncio, "sleep", lambda _: _until_all_is_seen(left))
    return asyncio.run(watch())


async def _until_all_is_seen(left: list) -> None:
    if not left:
        raise RuntimeError


def test_each_sign_is_told_once_however_long_it_stays(monkeypatch):
    assert events(monkeypatch, {A}, {A}, {A, B}, {B}, set(), {B}) == [1, 1, 1]


def test_a_sign_that_stays_a_quarter_of_an_hour_is_told_again(monkeypatch):
    assert events(monkeypatch, {A}, {A}, {A}, {A}, minutes_between=6) == [1, 1]


def test_after_an_outage_everything_is_told_again(monkeypatch):
    assert events(monkeypatch, {A}, AWAY, {A, B}) == [1, 2]
