"""SolarEdge Monitoring API v2: quarter-hour readings of inverters, meters, batteries and sites.

Account:    fleet key of the installer in the header `X-API-Key`; or a bearer token that its owner granted for one
            site, with which the site list is refused.
Endpoints:  `/v2/sites`, `/v2/sites/{id}`, `.../devices`, `.../{inverters,meters,storage}/telemetry`,
            `.../energy`, `.../power`. Version 1 was withdrawn in November 2026 with HTTP 410; its stored
            answers are still read (`solaredge_v1.py`).
Time:       asked in UTC with `Z`; answered in ISO 8601 with the site's offset. A label names the start
            of its interval, but for voltage and frequency its end.
Units:      each series carries its unit; raw keeps number and unit as delivered.
Limits:     12 h per call at QUARTER_HOUR; one call costs one credit. Free tier: 10 calls a minute,
            2,000 credits a month.
Options:    `longest_call_hours`, `sites_in_page`, and `device_types`: `repeated` or `comma`, the form of
            a parameter on which clients differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from urllib.parse import quote

from include.core.errors import ConfigurationError, PaginationLoop, QuotaExhausted
from include.core.records import Answer, Site, VendorDevice, VendorSite, Window
from include.http.calls import get
from include.http.hosts import host_of
from include.http.session import Budget, VendorSession, build
from include.http.waits import next_call_at
from include.security.tokens import Keeper
from include.sources.inverters import solaredge_lists as lists
from include.sources.inverters import solaredge_rows, solaredge_v1
from include.sources.inverters.base import Settings, last_boundary
from include.sources.inverters.solaredge_oauth import BASE_URL, Grant, proof
from include.sources.inverters.solaredge_rows import INTERVAL_SECONDS, RAW_SCHEMA, SETTLE_SECONDS

__all__ = ["RAW_SCHEMA", "SETTLE_SECONDS", "SolarEdge", "closed_until", "connect", "parse"]

NAME = "solaredge"
RAW_TABLE = "raw.solaredge_reading"
ALLOWED_HOSTS = frozenset({"monitoringapi.solaredge.com"})
OVERLAP = timedelta(hours=3)
PART = timedelta(hours=12)
SETTINGS = ("base_url", "authorize_url", "client_id", "client_secret", "access_months", "device_types")
ACCOUNTS = {"api_key": ("api_key",), "oauth2": ("refresh_token", "site_id")}
CALLS_PER_MINUTE, CALLS_PER_MONTH = 10, 2000
APPLICATION_LIMITS = False
LEAST_SYNC_MINUTES = 15
GRANT = Grant()
CONSENT = None

PATHS = {
    "inverters": "inverters/telemetry",
    "meters": "meters/telemetry",
    "storage": "storage/telemetry",
    "site_energy": "energy",
    "site_power": "power",
}
UNITS = {"site_energy": {"unit": "WH"}, "site_power": {"unit": "W"}}
SERIES = tuple(PATHS)
DEFAULT_SERIES = ("inverters", "meters")

DEVICE_TYPES = ("INVERTER", "METER", "BATTERY")
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class SolarEdge:
    """Reads the sites of one fleet key, or the one site that an owner granted."""

    session: VendorSession
    longest_call: timedelta = timedelta(hours=12)
    sites_in_page: int = 1000
    device_types: str = "repeated"
    granted_site: str = ""

    name: ClassVar[str] = NAME

    def sites(self) -> Iterator[VendorSite]:
        """List every site of the account, each once; the vendor's `count` is not trusted."""
        if self.granted_site:
            yield self.site(self.granted_site)
            return
        known: set[str] = set()
        for page in count(1):
            query = {"page": page, "sites-in-page": self.sites_in_page}
            listed = lists.sites(get(self.session, "/v2/sites", **query).body)
            fresh = {site.external_site_id: site for site in listed if site.external_site_id not in known}
            if (listed and not fresh) or page > MOST_PAGES:
                raise PaginationLoop(
                    f"page {page} of the site list brought nothing new",
                    place="GET /v2/sites",
                    remedy="The vendor's paging does not end; try again later, then report it to the vendor.",
                )
            yield from fresh.values()
            known |= fresh.keys()
            if len(listed) < self.sites_in_page:
                return

    def site(self, external_site_id: str) -> VendorSite:
        """Read the metadata of one site."""
        return lists.site(get(self.session, _path(external_site_id)).body)

    def devices(self, external_site_id: str) -> Iterator[VendorDevice]:
        """List inverters, meters and batteries of a site; without `types` only inverters would come."""
        types = ",".join(DEVICE_TYPES) if self.device_types == "comma" else list(DEVICE_TYPES)
        yield from lists.devices(get(self.session, _path(external_site_id, "devices"), types=types).body)

    def fetch(self, site: Site, window: Window) -> Iterator[Answer]:
        """Yield the answers covering `window`, byte for byte, one credit each, oldest part first."""
        series = site.series or DEFAULT_SERIES
        if unknown := set(series) - set(SERIES):
            raise ConfigurationError(
                f"solaredge has no series {', '.join(sorted(unknown))}",
                place=f"site {site.external_site_id}",
                remedy=f"Choose from {', '.join(SERIES)}.",
            )
        for part in window.split(self.longest_call):
            span = {"from": _stamp(part.start), "to": _stamp(part.end)}
            for name in series:
                path = _path(site.external_site_id, PATHS[name])
                yield get(self.session, path, resolution="QUARTER_HOUR", **UNITS.get(name, {}), **span)


def connect(keeper: Keeper, settings: Settings | None = None, budget: Budget | None = None) -> SolarEdge:
    """Open an account with `{"api_key": ...}` or with tokens and their `site_id`; no call is made yet."""
    settings = settings or Settings()
    headers, access, granted_site = proof(keeper, settings)
    session = build(
        settings.base_url or BASE_URL,
        headers=headers,
        allowed_hosts={host_of(settings.base_url)} if settings.base_url else ALLOWED_HOSTS,
        budget=budget,
        sleep=settings.sleep,
        clock=settings.clock,
        throttled=_throttled,
        check=lists.refuse_error_object,
        access=access,
    )
    options = settings.options
    return SolarEdge(
        session,
        longest_call=timedelta(hours=float(options.get("longest_call_hours", 12))),
        sites_in_page=int(options.get("sites_in_page", 1000)),
        device_types=str(options.get("device_types", "repeated")),
        granted_site=granted_site,
    )


def parse(body: bytes, request: Mapping[str, Any], site: Site) -> Iterator[dict[str, Any]]:
    """Turn one stored answer into raw rows, be it of this version or of the withdrawn first one. Pure."""
    version = solaredge_v1 if solaredge_v1.is_v1(request["path"]) else solaredge_rows
    return version.parse(body, request, site)


def closed_until(now: datetime) -> datetime:
    """The end of the newest quarter hour that is closed at `now`."""
    return last_boundary(now, SETTLE_SECONDS, INTERVAL_SECONDS)


def _throttled(headers: Mapping[str, str], body: bytes, now: datetime) -> datetime:
    """Tell the two kinds of 429 apart: calls are left this minute and no wait is named = credits used up."""
    left = headers.get("x-ratelimit-remaining-minute", "").strip()
    if "retry-after" not in headers and left.isdigit() and int(left) > 0:
        raise QuotaExhausted(
            "the monthly credits of this account are used up",
            remedy="Calls start again when the vendor's billing cycle resets; a larger plan ends the pause.",
        )
    return next_call_at(headers, body, now)


def _path(external_site_id: str, rest: str = "") -> str:
    return f"/v2/sites/{quote(external_site_id, safe='')}{'/' if rest else ''}{rest}"


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
