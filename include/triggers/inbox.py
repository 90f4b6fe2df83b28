"""Watches for deliveries and fires when some wait; which ones they are is read again by the Dag.

Waiting are complete objects in the inbox, and what was pushed over HTTP and is judged, or was left unfinished.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent


class InboxTrigger(BaseEventTrigger):
    """Fires once for each new set of waiting objects.

    The Dag picks up whatever waits when it runs and every version exactly once, so an event that fires twice after
    a restart of the triggerer does no harm.
    """

    def __init__(self, poll_seconds: float = 5.0) -> None:
        super().__init__()
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the triggerer finds this class, and its arguments."""
        return "include.triggers.inbox.InboxTrigger", {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look every `poll_seconds`; a failure to look is logged and looked at again."""
        announced: set[tuple[str, str]] = set()
        while True:
            try:
                waiting = await asyncio.to_thread(_waiting)
            except Exception as error:  # noqa: BLE001 -- the watcher must outlive an outage of lake or warehouse
                self.log.warning("cannot look into the inbox: %s", error)
                waiting = set()
            if fresh := waiting - announced:
                announced |= fresh
                yield TriggerEvent({"objects": len(fresh)})
            announced &= waiting
            await asyncio.sleep(self.poll_seconds)


def _waiting() -> set[tuple[str, str]]:
    from include.pipeline import inbox
    from include.warehouse import load_lists
    from include.warehouse.database import connect

    with connect() as connection:
        pushed = load_lists.unattended(connection)
    return {(dropped.uri, dropped.version) for dropped in inbox.waiting()} | pushed
