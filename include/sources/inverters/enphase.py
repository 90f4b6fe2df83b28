"""Enphase API v4 (Enlighten): 5-minute sums of microinverters, quarter-hour readings of meters.

Account:    bearer token of the owner (code grant, or the Partner plan's name and password), and on every call the key
            of our application, in the header `key` or, with `key_in` set to `query`, in the query.
Endpoints:  `/api/v4/systems`, `/api/v4/systems/{id}/devices`, `.../telemetry/production_micro`,
            `.../telemetry/production_meter`, `.../rgm_stats`, and three series of consumption and grid.
Time:       asked and answered in seconds since 1970. A label names the end of its interval.
Units:      watt-hours and watts by definition. Meters deliver no power; it is derived from their energy.
Window:     `granularity=day` is the length of the window, not the step; one call covers 24 hours, so a long overlap
            costs nothing and brings in what a gateway reports hours late.
Limits:     per application, not per account: Watt 10 calls a minute and 1,000 a month, larger plans more.
            No `Retry-After`: the body of a 429 names the window. 409 and some 503 mean the same.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from urllib.parse import quote

from include.core.errors import BadRequest, ConfigurationError, PaginationLoop, QuotaExhausted, RateLimited
from include.core.records import Answer, Site, VendorDevice, VendorSite, Window
from include.http.calls import get
from include.http.hosts import host_of
from include.http.session import Budget, VendorSession, build
from include.http.waits import UNNAMED_WAIT
from include.security.tokens import Keeper, TokenLife
from include.sources.inverters import enphase_lists as lists
from include.sources.inverters.base import Settings, last_boundary
from include.sources.inverters.cells import Flaw
from include.sources.inverters.enphase_gaps import LATEST_ARRIVAL, SETTLE_SECONDS, instant
from include.sources.inverters.enphase_oauth import BASE_URL, Grant, renewed
from include.sources.inverters.enphase_rows import RAW_SCHEMA, parse
from include.sources.inverters.enphase_series import SERIES as KNOWN_SERIES
from include.sources.inverters.oauth import Bearer

__all__ = ["RAW_SCHEMA", "SETTLE_SECONDS", "Enphase", "closed_until", "connect", "parse"]

NAME = "enphase"
RAW_TABLE = "raw.enphase_reading"
ALLOWED_HOSTS = frozenset({"api.enphaseenergy.com"})
OVERLAP = timedelta(hours=21)
PART = timedelta(hours=24)
SETTINGS = ("base_url", "api_key", "client_id", "client_secret", "key_in", "calls_per_minute", "calls_per_month")
ACCOUNTS = {"oauth2": ("username", "password")}
APPLICATION_LIMITS = True  # all accounts share what the plan of our application allows
CALLS_PER_MINUTE, CALLS_PER_MONTH = 10, 1000
LEAST_SYNC_MINUTES = 15
GRANT = Grant()
CONSENT = None

SERIES = tuple(KNOWN_SERIES)
DEFAULT_SERIES = ("micros",)

SYSTEMS = "/api/v4/systems"
SYSTEMS_IN_PAGE = 100
MOST_PAGES = 1000
LONGEST_CALL = timedelta(hours=24)
GRID_SECONDS = 900  # of the slowest series, so that the mark suits all of them
UNAUTHORIZED, THROTTLED, NOT_IMPLEMENTED, BUSY = 401, 409, 501, 503


@dataclass(frozen=True, slots=True)
class Enphase:
    """Reads the systems of one owner or installer."""

    session: VendorSession

    name: ClassVar[str] = NAME

    def sites(self) -> Iterator[VendorSite]:
        """List every system of the account, each once; pages end when one is short or `total` is reached."""
        known: set[str] = set()
        for page in count(1):
            answer = get(self.session, SYSTEMS, page=page, size=SYSTEMS_IN_PAGE, sort_by="id")
            listed = lists.systems(answer.body)
            fresh = {site.external_site_id: site for site in listed if site.external_site_id not in known}
            if (listed and not fresh) or page > MOST_PAGES:
                raise PaginationLoop(
                    f"page {page} of the system list brought nothing new",
                    place=f"GET {SYSTEMS}",
                    remedy="The vendor's paging does not end; try again later, then report it to the vendor.",
                )
            yield from fresh.values()
            known |= fresh.keys()
            if lists.is_last_page(answer.body, len(known)):
                return

    def site(self, external_site_id: str) -> VendorSite:
        """Read the metadata of one system."""
        return lists.system(get(self.session, _path(external_site_id)).body)

    def devices(self, external_site_id: str) -> Iterator[VendorDevice]:
        """List the system's sums, meters, microinverters and batteries."""
        yield from lists.devices(get(self.session, _path(external_site_id, "devices")).body, external_site_id)

    def fetch(self, site: Site, window: Window) -> Iterator[Answer]:
        """Yield the answers covering `window`, one call per series and day, oldest part first."""
        chosen = site.series or DEFAULT_SERIES
        if unknown := set(chosen) - set(SERIES):
            raise ConfigurationError(
                f"enphase has no series {', '.join(sorted(unknown))}",
                place=f"site {site.external_site_id}",
                remedy=f"Choose from {', '.join(SERIES)}.",
            )
        for part in window.split(LONGEST_CALL):
            start, end = int(part.start.timestamp()), int(part.end.timestamp())
            for name in chosen:
                path = _path(site.external_site_id, KNOWN_SERIES[name].path)
                span = {"end_at": end} if name == "rgm_stats" else {"granularity": "day"}
                answer = get(self.session, path, start_at=start, **span)
                fetched_at = datetime.fromisoformat(answer.request["fetched_at"])
                if fetched_at - part.start <= LONGEST_CALL + LATEST_ARRIVAL:
                    answer.request["closed_until"] = closed_until(fetched_at).isoformat()
                yield answer


def connect(keeper: Keeper, settings: Settings | None = None, budget: Budget | None = None) -> Enphase:
    """Open an account with tokens, or with `{"username": ..., "password": ...}`; no call is made yet."""
    settings = settings or Settings()
    key, key_in = str(settings.options.get("api_key") or "").strip(), settings.options.get("key_in") or "header"
    if not key or key_in not in {"header", "query"}:
        raise ConfigurationError(
            "ENPHASE_API_KEY is not set" if not key else f"ENPHASE_KEY_IN is {key_in!r}",
            remedy="Set ENPHASE_API_KEY to the key of our application, and ENPHASE_KEY_IN to header or query.",
        )
    session = build(
        settings.base_url or BASE_URL,
        headers={"key": key} if key_in == "header" else {},
        hidden_query={"key": key} if key_in == "query" else {},
        allowed_hosts={host_of(settings.base_url)} if settings.base_url else ALLOWED_HOSTS,
        budget=budget,
        sleep=settings.sleep,
        clock=settings.clock,
        access=Bearer(TokenLife(keeper, lambda secret: renewed(secret, settings, keeper.now()))),
        throttled=_throttled,
        check=lists.refuse_error_object,
        refused=lambda status, body: _refused(status, body, settings.clock()),
    )
    return Enphase(session)


def closed_until(now: datetime) -> datetime:
    """The end of the newest quarter hour that is closed at `now`."""
    return last_boundary(now, SETTLE_SECONDS, GRID_SECONDS)


def _throttled(headers: Mapping[str, str], body: bytes, now: datetime) -> datetime:
    """When the window of a 429 ends. One that is a month, or that is not named, is the plan's quota."""
    told = _told(body)
    period, period_end = told.get("period"), instant(told.get("period_end"))
    if period in {None, "", "month"}:
        raise QuotaExhausted(
            f"the calls of our application's plan are used up: {lists.words(told)}",
            remedy="Calls start again next month; a larger plan at developer-v4.enphase.com ends the pause.",
        )
    return now + UNNAMED_WAIT if isinstance(period_end, Flaw) else max(period_end, now)


def _refused(status: int, body: bytes, now: datetime) -> None:
    """Tell what a status alone does not: throttling in other clothes, and faults of our application."""
    told = _told(body)
    if status == THROTTLED or (status == BUSY and "period" in told):
        retry_at = _throttled({}, body, now) if "period" in told else now + UNNAMED_WAIT
        raise RateLimited(
            f"HTTP {status}: {lists.words(told)}",
            retry_at=retry_at,
            remedy="The vendor's short limit is used up; the call is repeated when it allows.",
        )
    if status == UNAUTHORIZED and "mismatch" in lists.words(told).lower():
        raise ConfigurationError(
            "ENPHASE_API_KEY and ENPHASE_CLIENT_ID belong to different applications",
            remedy="Take both from the same application at developer-v4.enphase.com; the accounts are not at fault.",
        )
    if status == NOT_IMPLEMENTED:
        raise BadRequest(f"HTTP 501: {lists.words(told)}", remedy="This system or plan does not offer the series.")


def _told(body: bytes) -> dict[str, Any]:
    """The JSON object of a refusal; empty when it is none."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _path(external_site_id: str, rest: str = "") -> str:
    return f"{SYSTEMS}/{quote(external_site_id, safe='')}{'/' if rest else ''}{rest}"
