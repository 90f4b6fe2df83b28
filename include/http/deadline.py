"""A total deadline for one request, from the first byte sent to the last byte read.

A read timeout starts anew with every byte, so a server that drips one byte a second could hold a
worker for hours. Here a timer shuts the socket down when the time is up, wherever the reader is
waiting: in the headers, in a chunk size or in the body.
"""

import contextlib
import socket
import threading
from contextvars import ContextVar, Token
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

_running: ContextVar["Deadline | None"] = ContextVar("running_deadline", default=None)


class Deadline:
    """Ends every socket that was used inside its `with` block after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        self._sockets: list[socket.socket] = []
        self._token: Token | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._token = _running.set(self)
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _running.reset(self._token)

    def watch(self, sock: socket.socket) -> None:
        """Take a socket under this deadline."""
        self._sockets.append(sock)
        if self.is_over:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        for sock in self._sockets:
            with contextlib.suppress(OSError):  # closed meanwhile
                sock.shutdown(socket.SHUT_RDWR)


class _Watched:
    """Mixin: hands the socket to the running deadline before the headers are read."""

    sock: socket.socket | None

    def getresponse(self) -> Any:
        deadline = _running.get()
        if deadline and self.sock:
            deadline.watch(self.sock)
        return super().getresponse()


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class WatchedAdapter(HTTPAdapter):
    """Transport adapter whose connections obey the running `Deadline`, also through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        _watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        """Make the pool of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        _watch(manager)
        return manager


def _watch(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
