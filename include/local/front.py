"""The front process: one per checkout, told to stop by signals, replaced if it was orphaned."""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import IO

from include.local import postgres, processes, supervisor
from include.local.failures import StackFailed
from include.local.processes import Process
from include.local.settings import Settings

PATIENCE_S = 60.0


class Stopped(BaseException):
    """Somebody asked the front process to stop: Ctrl-C, ``make stop`` or a closed terminal."""


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the only front process of this checkout while the block runs.

    A second one is refused, unless whoever started the first is gone: an orphan is stopped first.
    """
    settings.local.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.run.mkdir(exist_ok=True)
    with (settings.run / "lock").open("w") as lock:
        if not _lock(lock):
            front, starter = _holder(settings)
            is_orphan = starter is not None and not starter.is_alive
            if not is_orphan and (front is None or front.is_alive):
                raise StackFailed(
                    f"Sunledger already runs in this folder (process {front.pid if front else 'starting'})",
                    remedy="stop it with `make stop`",
                )
            _end(settings, lock)
        ours = {"front": processes.myself(), "starter": processes.identify(os.getppid())}
        note = {name: process and asdict(process) for name, process in ours.items()}
        _note_path(settings).write_text(json.dumps(note))
        yield


def stop_running(settings: Settings) -> bool:
    """Stop the running front process, if any, and everything a killed one left; True if there was something."""
    if not settings.run.is_dir():
        return False
    with (settings.run / "lock").open("a") as lock:
        was_running = not _lock(lock)
        if was_running:
            _end(settings, lock)
        return bool(sweep(settings)) or was_running


def sweep(settings: Settings) -> set[Process]:
    """Stop what an earlier front process left running, PostgreSQL last; return what was found."""
    found = supervisor.sweep(settings.local)
    postgres.stop(settings.local / "postgres")
    settings.exports.unlink(missing_ok=True)
    return found


@contextmanager
def signals() -> Iterator[None]:
    """Turn the signals that mean "stop" into ``Stopped`` while the block runs."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name)

    wanted = {signal.SIGINT, signal.SIGTERM}
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        # Under nohup it stays ignored.
        wanted.add(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Let nothing interrupt the way down."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Fail if the block takes longer; the steps inside need not watch the clock."""

    def expire(number: int, frame: FrameType | None) -> None:
        raise StackFailed(
            f"not ready within {seconds} s", remedy="see the logs, or raise SUNLEDGER_TIMEOUT_S on a slow machine"
        )

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(settings: Settings) -> tuple[Process | None, Process | None]:
    try:
        note = json.loads(_note_path(settings).read_text())
        front, starter = (Process(**note[name]) if note[name] else None for name in ("front", "starter"))
    except (OSError, ValueError, TypeError, KeyError):
        return None, None
    return front, starter


def _end(settings: Settings, lock: IO[str]) -> None:
    """Stop the holder of the lock and take it; a holder that is just starting is waited for."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        signalled = None
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if _lock(lock):
                return
            front, _ = _holder(settings)
            if front and front != signalled:
                processes.send(front, number)
                signalled = front
            time.sleep(0.1)
    raise StackFailed("the running front process does not stop")


def _note_path(settings: Settings) -> Path:
    return settings.run / "front"
