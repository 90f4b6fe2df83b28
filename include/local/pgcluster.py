"""One PostgreSQL data folder: create it, run a server in it, find and stop whatever runs in it."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from include.local import pgbinaries, ports, processes
from include.local.failures import StackFailed, tail
from include.local.processes import Process

SUPERUSER = "postgres"
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 30
TRIPPED = ": File exists"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

_started_here: dict[Path, subprocess.Popen[bytes]] = {}


def create(data_dir: Path, password: str) -> None:
    """Create an empty cluster whose superuser has this password."""
    # A kill in the middle of initdb must not leave a folder that looks complete.
    draft = data_dir.with_name(f"{data_dir.name}.new")
    password_file = data_dir.with_name(f"{data_dir.name}.password")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    pgbinaries.hand_over(draft)
    try:
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        pgbinaries.hand_over(password_file)
        pgbinaries.run(
            "initdb",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-sync",
        )
    finally:
        password_file.unlink(missing_ok=True)
    draft.rename(data_dir)


def launch(data_dir: Path, log: Path) -> None:
    """Start the server and wait until it accepts logins.

    A server that was killed while it took back an unlogged table leaves an empty file of it. Recovery trips over that
    file once, and the recovery after it clears the file away.
    """
    try:
        _launch(data_dir, log)
    except StackFailed:
        if TRIPPED not in tail(log, 5):
            raise
        _launch(data_dir, log)


def _launch(data_dir: Path, log: Path) -> None:
    (data_dir / "postmaster.pid").unlink(missing_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        server = subprocess.Popen(
            [str(pgbinaries.folder() / "postgres"), "-D", str(data_dir)],
            cwd="/",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **pgbinaries.identity(),
        )
    _started_here[data_dir] = server
    deadline = time.monotonic() + START_TIMEOUT_S
    while not healthy_port(data_dir):
        if server.poll() is not None:
            del _started_here[data_dir]
            raise StackFailed(f"PostgreSQL did not start:\n{tail(log, 5)}", log=log)
        if time.monotonic() > deadline:
            halt(data_dir, signal.SIGQUIT)
            raise StackFailed(f"PostgreSQL was not ready within {START_TIMEOUT_S} s", log=log)
        time.sleep(0.05)


def healthy_port(data_dir: Path) -> int | None:
    """Return the port of the server that works in this folder and accepts logins, if there is one."""
    port = ready_port(data_dir)
    return port if port and ports.is_answering(port) else None


def ready_port(data_dir: Path) -> int | None:
    """Return the port that the server in this folder says it serves, without asking it."""
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    pid, port = int(lines[0]), int(lines[3])
    return port if processes.working_directory(pid) == data_dir.resolve() else None


def halt(data_dir: Path, number: signal.Signals) -> set[Process]:
    """Signal the postmaster, or its orphans if it is gone, and return what still runs after a while."""
    members = _members(data_dir)
    leader = _postmaster(data_dir, members)
    for process in members if leader is None or number == signal.SIGKILL else {leader}:
        processes.send(process, number)
    processes.wait_gone(members, STOP_TIMEOUT_S)
    if server := _started_here.get(data_dir):
        server.poll()
    left = _members(data_dir)
    if not left:
        _started_here.pop(data_dir, None)
    return left


def _members(data_dir: Path) -> set[Process]:
    # Every process of a server works inside its data folder, and nothing else does.
    home = data_dir.resolve()
    return {process for process in processes.running() if processes.working_directory(process.pid) == home}


def _postmaster(data_dir: Path, members: set[Process]) -> Process | None:
    try:
        pid = int((data_dir / "postmaster.pid").read_text().split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return None
    return next((process for process in members if process.pid == pid), None)
