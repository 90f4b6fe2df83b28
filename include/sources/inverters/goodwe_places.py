"""GoodWe: where the portal, its gateways and the OpenAPI are, and which of the addresses in answers are believed."""

import logging
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from include.core.errors import ConfigurationError, HostRefused
from include.http.hosts import host_of
from include.security.tokens import Secret
from include.sources.inverters.base import Settings

log = logging.getLogger(__name__)

REGIONS = ("eu", "us", "au", "hk", "cn")
SEMS_PATH = "/web/sems"
OPENAPI_URL = "https://openapi.semsportal.com"
VENDOR_DOMAINS = (".semsportal.com", ".goodwe.com")


class Places(NamedTuple):
    """The addresses of one account.

    gateway_url: where calls go when the login names no gateway, or one that is not believed
    own_host:    the host of a configured portal that is not the vendor's, such as a simulator; else None
    """

    portal_url: str
    gateway_url: str
    openapi_url: str
    own_host: str | None


def places(settings: Settings, secret: Secret) -> Places:
    """The addresses that settings and account ask for. Nothing leaves a configured foreign portal for the vendor."""
    region = str(secret.get("region") or settings.options.get("region") or REGIONS[0]).lower()
    if region not in REGIONS:
        raise ConfigurationError(f"goodwe has no region {region!r}", remedy=f"Choose from {', '.join(REGIONS)}.")
    portal_url = (settings.base_url or f"https://{region}-semsplus.goodwe.com").rstrip("/")
    own_host = None if is_vendor(portal_url) else host_of(portal_url)
    gateway_url = f"{portal_url}{SEMS_PATH}" if own_host else f"https://{region}-gateway.semsportal.com{SEMS_PATH}"
    openapi_url = settings.options.get("openapi_url") or (portal_url if own_host else OPENAPI_URL)
    if not openapi_url.startswith("https:") and host_of(openapi_url) != own_host:
        raise HostRefused(
            f"an unencrypted OpenAPI address at {host_of(openapi_url)!r} was refused; nothing was sent to it",
            remedy="Set GOODWE_OPENAPI_URL to an https address.",
        )
    return Places(portal_url, gateway_url, openapi_url.rstrip("/"), own_host)


def gateway(named: Any, known: Places) -> str:
    """The gateway for an account's calls: the one that its login names, if it is the vendor's own and encrypted."""
    if not isinstance(named, str) or not named:
        return known.gateway_url
    try:
        host = host_of(named)
        is_believed = host == known.own_host if known.own_host else is_vendor(named)
    except HostRefused:
        host, is_believed = "unreadable", False
    if not is_believed:
        log.warning("goodwe: the login names a gateway at %r; calls go to the configured region instead", host)
        return known.gateway_url
    parts = urlsplit(named)
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def is_vendor(url: str) -> bool:
    """Whether an address is encrypted and at one of the vendor's domains."""
    return url.startswith("https://") and host_of(url).endswith(VENDOR_DOMAINS)
