"""Watches for deliveries and fires when some wait; which ones they are is read again by the Dag.

Waiting are complete objects in the inbox, and loads that no Dag attends to: pushed, uploaded, replayed or released by
hand, left unfinished, or refused for a mapping that exists by now.
"""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

# by then the run that an event started has failed for good, or something new has come between
AGAIN_AFTER_S = 900.0


class InboxTrigger(BaseEventTrigger):
    """Fires once for each new set of waiting objects, and again when some still wait a quarter of an hour later.

    The Dag picks up whatever waits when it runs and every version exactly once, so an event that fires twice, as after
    a restart of the triggerer, does no harm.
    """

    def __init__(self, poll_seconds: float = 5.0) -> None:
        super().__init__()
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the triggerer finds this class, and its arguments."""
        return "include.triggers.inbox.InboxTrigger", {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look every `poll_seconds`; a failure to look is logged and looked at again."""
        announced: dict[tuple[str, str], float] = {}
        while True:
            try:
                waiting = await asyncio.to_thread(_waiting)
            except Exception as error:  # noqa: BLE001 -- the watcher must outlive an outage of lake or warehouse
                self.log.warning("cannot look into the inbox: %s", error)
                waiting = set()
            now = monotonic()
            announced = {sign: at for sign, at in announced.items() if sign in waiting and now - at < AGAIN_AFTER_S}
            if fresh := waiting - announced.keys():
                announced |= dict.fromkeys(fresh, now)
                yield TriggerEvent({"objects": len(fresh)})
            await asyncio.sleep(self.poll_seconds)


def _waiting() -> set[tuple[str, str]]:
    from include.pipeline import inbox, process

    return {(dropped.uri, dropped.version) for dropped in inbox.waiting()} | process.unattended()
