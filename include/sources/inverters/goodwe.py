"""GoodWe: power of stations from minute samples, registers of inverters, energy of days.

Account:    name and password; they open the official OpenAPI (organisations only) or else the SEMS+ web portal. A
            token entered as `api_key` is one of the OpenAPI and cannot be renewed. Sessions are kept and logged in
            again once when refused; every SEMS+ call is signed anew.
Endpoints:  `goodwe_sems` and `goodwe_openapi`. The portal's login names the gateway for further calls; it is believed
            only at the vendor's own domains.
Time:       station-local without offset; samples are instantaneous and fall into the quarter hour they lie in.
            Snapshots of inverters carry no time.
Units:      kW and kWh, in the curve by definition, elsewhere as the answer says; numbers are texts. Zero for a day
            means "no reading".
Errors:     HTTP 200 with a code in the body, see `goodwe_codes`.
Limits:     not published. Polling every 5 minutes got users banned, every 15 minutes did not; one call a second.
Options:    `region`, `mode`, addresses and paths; `seconds_between_calls`, `stations_in_page`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import ClassVar

from include.core.errors import ConfigurationError, PaginationLoop
from include.core.records import Answer, Site, VendorDevice, VendorSite, Window
from include.http.session import Budget, VendorSession, build
from include.security.tokens import Keeper, TokenLife
from include.sources.inverters import goodwe_lists as lists
from include.sources.inverters import goodwe_login as logins
from include.sources.inverters import goodwe_openapi, goodwe_sems
from include.sources.inverters.base import Settings, last_boundary
from include.sources.inverters.goodwe_access import Account, IssuedToken, LoginAccount, Paced
from include.sources.inverters.goodwe_codes import Verdict
from include.sources.inverters.goodwe_curve import floored
from include.sources.inverters.goodwe_openapi import OpenApi
from include.sources.inverters.goodwe_places import REGIONS, places
from include.sources.inverters.goodwe_rows import INTERVAL_SECONDS, RAW_SCHEMA, SETTLE_SECONDS, parse
from include.sources.inverters.goodwe_sems import SemsPlus
from include.sources.inverters.goodwe_times import DAY, ended_days, local_days, starts_at

__all__ = ["RAW_SCHEMA", "SETTLE_SECONDS", "GoodWe", "closed_until", "connect", "parse"]

NAME = "goodwe"
RAW_TABLE = "raw.goodwe_reading"
ALLOWED_HOSTS = frozenset(
    {"openapi.semsportal.com"}
    | {f"{region}-semsplus.goodwe.com" for region in REGIONS}
    | {f"{region}-gateway.semsportal.com" for region in REGIONS}
)
OVERLAP = timedelta(hours=3)
PART = timedelta(days=7)
SETTINGS = (
    "base_url",
    "region",
    "mode",
    "seconds_between_calls",
    "openapi_url",
    "openapi_power_unit",
    "openapi_token_path",
    *goodwe_openapi.PATHS,
    "openapi_stations_path",
    "openapi_devices_path",
)
ACCOUNTS = {"account_login": ("account", "password", "region?", "mode?"), "api_key": ("api_key",)}
APPLICATION_LIMITS = False
CALLS_PER_MINUTE, CALLS_PER_MONTH = 60, None
LEAST_SYNC_MINUTES = 15
GRANT = None
CONSENT = None

DEFAULT_SERIES = ("psystem",)
SERIES = tuple(dict.fromkeys(goodwe_sems.SERIES + goodwe_openapi.SERIES))

STATIONS_IN_PAGE = 50
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class GoodWe:
    """Reads the stations of one account, by whichever interface its login chose."""

    session: VendorSession
    settings: Settings
    stations_in_page: int = STATIONS_IN_PAGE

    name: ClassVar[str] = NAME

    def sites(self) -> Iterator[VendorSite]:
        """List every station of the account, each once; pages end when one is short or the total is reached."""
        portal, known = self._portal(), set()
        for page in count(1):
            body = portal.station_page(page, self.stations_in_page)
            listed = lists.stations(body)
            fresh = {site.external_site_id: site for site in listed if site.external_site_id not in known}
            if (listed and not fresh) or page > MOST_PAGES:
                raise PaginationLoop(
                    f"page {page} of the station list brought nothing new",
                    place="the station list",
                    remedy="The vendor's paging does not end; try again later, then report it to the vendor.",
                )
            yield from fresh.values()
            known |= fresh.keys()
            if len(listed) < self.stations_in_page or len(known) == lists.total(body):
                return

    def devices(self, external_site_id: str) -> Iterator[VendorDevice]:
        """List the sums, inverters, meters and batteries of a station."""
        yield from self._portal().devices(external_site_id)

    def fetch(self, site: Site, window: Window) -> Iterator[Answer]:
        """Yield the answers covering `window`, one call per series and station-local day, oldest day first.

        Inverters show only the present: they are asked when the window reaches up to it.
        """
        portal = self._portal()
        series = site.series or DEFAULT_SERIES
        offered = goodwe_sems.SERIES if isinstance(portal, SemsPlus) else goodwe_openapi.SERIES
        if unknown := set(series) - set(offered):
            raise ConfigurationError(
                f"goodwe has no series {', '.join(sorted(unknown))} for this account",
                place=f"site {site.external_site_id}",
                remedy=f"Choose from {', '.join(offered)}.",
            )
        for day in local_days(window, site.time_zone):
            if "psystem" in series:
                yield from _marked(portal.station_curve(site, day), starts_at(day + DAY, site.time_zone))
            if "inverter_curve" in series:
                yield from _marked(portal.inverter_curves(site, day), starts_at(day + DAY, site.time_zone))
        if "day_total" in series:
            for day in ended_days(window, site.time_zone):
                yield from portal.day_total(site, day)
        if "inverters" in series and window.end >= closed_until(self.settings.clock()):
            yield from (_dated(answer) for answer in portal.snapshots(site))

    def _portal(self) -> SemsPlus | OpenApi:
        if self.session.access.mode() == logins.SEMS_PLUS:
            return SemsPlus(self.session)
        return OpenApi(self.session, self.settings.options)


def connect(keeper: Keeper, settings: Settings | None = None, budget: Budget | None = None) -> GoodWe:
    """Open an account with `{"account": ..., "password": ...}` or `{"api_key": ...}`; no call is made yet."""
    settings = settings or Settings()
    options, verdict = settings.options, Verdict(settings.clock)
    paced = Paced(budget, float(options.get("seconds_between_calls", 1)), settings.sleep, settings.clock)
    secret = logins.login_of(keeper.read())
    account: Account
    if issued := str(secret.get("api_key") or "").strip():
        account = IssuedToken(issued, settings)
    else:
        logins.require_password(secret)
        life = TokenLife(keeper, lambda stored: logins.renewed(stored, settings, keeper.now(), verdict, paced))
        account = LoginAccount(life, settings)
    known = places(settings, secret)
    session = build(
        known.gateway_url,
        headers={},
        allowed_hosts=ALLOWED_HOSTS | ({known.own_host} if known.own_host else set()),
        budget=paced,
        sleep=settings.sleep,
        clock=settings.clock,
        access=account,
        throttled=verdict.throttled,
        check=verdict.check,
    )
    session.headers.update(logins.SEMS_HEADERS)
    account.lead(session)
    return GoodWe(session, settings, int(options.get("stations_in_page", STATIONS_IN_PAGE)))


def closed_until(now: datetime) -> datetime:
    """The end of the newest quarter hour that is closed at `now`."""
    return last_boundary(now, SETTLE_SECONDS, INTERVAL_SECONDS)


def _marked(answers: Iterator[Answer], day_end: datetime) -> Iterator[Answer]:
    """Note up to when the answers' intervals were closed, where some were open: the same bytes tell more later."""
    for answer in answers:
        closed = closed_until(datetime.fromisoformat(answer.request["fetched_at"]))
        yield answer if day_end <= closed else _noted(answer, closed)


def _dated(snapshot: Answer) -> Answer:
    """Note the quarter hour of a snapshot: the same bytes in the next one are another reading."""
    return _noted(snapshot, floored(datetime.fromisoformat(snapshot.request["fetched_at"])))


def _noted(answer: Answer, closed: datetime) -> Answer:
    return replace(answer, request={**answer.request, "closed_until": closed.isoformat()})
