"""Running a simulator: its clock, a command line, and a server in a thread for tests."""

import argparse
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import uvicorn
from fastapi import FastAPI

LOOPBACK = "127.0.0.1"


class Clock:
    """The simulator's present: real time moved by an offset, or standing still for tests."""

    def __init__(self, at: datetime | None = None, *, is_frozen: bool = False) -> None:
        self.is_frozen = is_frozen
        self.move_to(at or datetime.now(UTC))

    def __call__(self) -> datetime:
        """The present."""
        return self._at if self.is_frozen else self._at + timedelta(seconds=time.monotonic() - self._since)

    def move_to(self, at: datetime) -> None:
        """Set the present; a running clock goes on from there."""
        self._at, self._since = at.astimezone(UTC), time.monotonic()


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every simulator shares."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0, help="decides which values are null")
    parser.add_argument("--now", type=datetime.fromisoformat, help="ISO instant at which the clock starts to run")
    return parser


def serve(app: FastAPI, port: int) -> None:
    """Serve on the loopback address until interrupted."""
    uvicorn.run(app, host=LOOPBACK, port=port, log_level="warning")


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve on a free loopback port in a thread; yields the base URL."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(timeout=5)
