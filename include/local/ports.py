"""Loopback ports: the wanted one, or a free one when it is taken."""

import socket
import time
from collections.abc import Callable

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """True if a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port that only lingers in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def pick(wanted: int = 0, *, taken: frozenset[int] = frozenset()) -> int:
    """Return the wanted port if it is free, else one chosen by the kernel, never one of ``taken``."""
    if wanted and wanted not in taken and is_free(wanted):
        return wanted
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        if port not in taken:
            return port


def is_answering(port: int) -> bool:
    """True if a server accepts connections on this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_answering(port: int, each: Callable[[], None]) -> None:
    """Wait for a server on this port; ``each`` is called meanwhile and raises if waiting is futile."""
    while not is_answering(port):
        each()
        time.sleep(0.1)
