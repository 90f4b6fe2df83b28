"""The hosts that a credential may be sent to."""

from collections.abc import Collection

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from include.core.errors import HostRefused

DEFAULT_PORTS = {"http": 80, "https": 443}


class AllowList:
    """Admits URLs whose host is listed, as `host` or, off the default port, as `host:port`."""

    def __init__(self, hosts: Collection[str], *, must_be_secure: bool) -> None:
        self.hosts = frozenset(host.lower() for host in hosts)
        self.must_be_secure = must_be_secure

    def admit(self, url: str) -> None:
        """Raise HostRefused unless `url` may be called."""
        host, is_secure = _host(url)
        if host not in self.hosts:
            raise HostRefused(
                f"host {host!r} is not on the allow-list; nothing was sent to it",
                remedy="Check the base URL; if the vendor moved, add its new host to the allow-list.",
            )
        if self.must_be_secure and not is_secure:
            raise HostRefused(
                f"an unencrypted address at {host!r} was refused; nothing was sent to it",
                remedy="Check the base URL; credentials travel over https only.",
            )


def host_of(url: str) -> str:
    """The host of a URL in the form an allow-list uses."""
    return _host(url)[0]


def _host(url: str) -> tuple[str, bool]:
    """Host and whether the scheme is https, read by the same parser that later opens the connection."""
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise HostRefused("an address that cannot be read was refused") from None
    host = (parts.host or "").lower()
    if parts.port and parts.port != DEFAULT_PORTS.get(parts.scheme or ""):
        host = f"{host}:{parts.port}"
    return host, parts.scheme == "https"
