"""SMA Monitoring API (ennexOS and Classic): intervals of inverters, sensors and plants.

Account:    OAuth 2.0. The owner connects in the browser (code grant with PKCE), or is asked by the vendor's letter
            (`client_credentials`, see `sma_consent`). Tokens live 300 s. Without consent the plant list is empty.
Endpoints:  `/plants`, `/plants/{id}/devices`, `/devices/{id}/measurements/sets`,
            `/{devices,plants}/{id}/measurements/sets/{set}/Day?Date=`; one call is one plant-local day.
Time:       plant-local without offset; a label names the end of its interval, the last one is 00:00 of the next day.
Units:      `pvGeneration` is W, or Wh with `ReturnEnergyValues=true`; sensors in W/m2, degrees Celsius, m/s.
            The length of the intervals is the plant's choice and stands in the answer.
Limits:     a token bucket per credential over 5 minutes whose size is not published; 429 without `Retry-After`.
Moves:      a plant that was migrated to ennexOS answers 308; the `Location` carries its new ids.
Sandbox:    base_url https://sandbox.smaapis.de/monitoring/v1, authorize_url and token_url at
            https://sandbox-auth.smaapis.de/oauth2/{auth,token}, consent_url
            https://sandbox.smaapis.de/oauth2/v2/bc-authorize.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, NamedTuple
from urllib.parse import quote

from include.core.clock import zone
from include.core.errors import AuthFailed, BadRequest, ConfigurationError, ConsentLost, SiteForbidden, SiteGone
from include.core.records import Answer, Site, VendorDevice, VendorSite, Window
from include.http.calls import get
from include.http.hosts import host_of
from include.http.session import Budget, VendorSession, build
from include.security.tokens import Keeper, TokenLife
from include.sources.inverters import sma_consent, sma_tokens
from include.sources.inverters import sma_lists as lists
from include.sources.inverters.base import Settings, last_boundary
from include.sources.inverters.oauth import Bearer
from include.sources.inverters.sma_backoff import Backoff
from include.sources.inverters.sma_moves import refuse_moved
from include.sources.inverters.sma_rows import RAW_SCHEMA, SETTLE_SECONDS, has_open_intervals, parse

__all__ = ["RAW_SCHEMA", "SETTLE_SECONDS", "Sma", "closed_until", "connect", "parse"]

NAME = "sma"
RAW_TABLE = "raw.sma_reading"
BASE_URL = "https://monitoring.smaapis.de/v1"
# clients disagree about the host of the production service; a redirect between these is believed
ALLOWED_HOSTS = frozenset({"monitoring.smaapis.de", "async-auth.smaapis.de", "smaapis.de"})
OVERLAP = timedelta(hours=3)
PART = timedelta(days=7)
SETTINGS = ("base_url", "authorize_url", "token_url", "consent_url", "client_id", "client_secret")
ACCOUNTS = {"oauth2": ("refresh_token",), "client_credentials": ("login_hint",)}
CALLS_PER_MINUTE, CALLS_PER_MONTH = None, None  # the contract says; set SMA_CALLS_PER_MINUTE to it
APPLICATION_LIMITS = True
LEAST_SYNC_MINUTES = 15
GRANT = sma_tokens
CONSENT = sma_consent

SHORTEST_INTERVAL_SECONDS = 300


class Asked(NamedTuple):
    """What one series asks: of which kind of device (`site` is the plant itself), which set, with what query."""

    kind: str
    set_name: str
    query: Mapping[str, str] = {}


ASKED = {
    "device_energy": Asked("inverter", "EnergyAndPowerPv", {"ReturnEnergyValues": "true"}),
    "device_power": Asked("inverter", "EnergyAndPowerPv", {"ReturnEnergyValues": "false"}),
    "device_ac": Asked("inverter", "PowerAc"),
    "sensors": Asked("sensor", "Sensor"),
    "plant": Asked("site", "EnergyBalance"),
}
SERIES = tuple(ASKED)
DEFAULT_SERIES = ("device_energy", "sensors")


@dataclass(frozen=True, slots=True)
class Sma:
    """Reads the plants whose owners gave this account access."""

    session: VendorSession

    name: ClassVar[str] = NAME

    def sites(self) -> Iterator[VendorSite]:
        """List every plant; none at all means that nobody's consent is there."""
        query = {"WithInstallation": "true", "WithLocation": "true", "WithStatus": "true"}
        found = lists.sites(get(self.session, "/plants", **query).body)
        if not found:
            raise ConsentLost(
                "the account sees no plant, because the owner's consent is missing or was taken back",
                place="GET /plants",
                remedy="Ask the owner of the plants for access again.",
            )
        yield from found

    def devices(self, external_site_id: str) -> Iterator[VendorDevice]:
        """List inverters, batteries and sensors of a plant, those that were taken out of use included."""
        answer = get(self.session, _path("plants", external_site_id, "devices"), WithDeactivatedDevices="true")
        yield from lists.devices(answer.body)

    def fetch(self, site: Site, window: Window) -> Iterator[Answer]:
        """Yield the answers covering the plant-local days of `window`, oldest day first, one call each.

        Raises SiteMoved with the new ids when the plant was migrated.
        """
        series = site.series or DEFAULT_SERIES
        if unknown := set(series) - set(SERIES):
            raise ConfigurationError(
                f"sma has no series {', '.join(sorted(unknown))}",
                place=f"site {site.external_site_id}",
                remedy=f"Choose from {', '.join(SERIES)}.",
            )
        asked = [ASKED[name] for name in series]
        devices = self._devices_of(site)
        for day in _days(window, site.time_zone):
            for one in asked:
                for path in _paths(site, devices, one, day):
                    if answer := self._measured(site, path, one, day):
                        yield answer

    def _devices_of(self, site: Site) -> list[VendorDevice]:
        query = {"WithDeactivatedDevices": "true"}
        answer = self._asked(site, _path("plants", site.external_site_id, "devices"), query)
        devices = list(lists.devices(answer.body))
        if not devices:
            self._require_consent()
        return devices

    def _measured(self, site: Site, path: str, asked: Asked, day: date) -> Answer | None:
        """One measurement answer; None when the device turns out not to have this set."""
        try:
            answer = self._asked(site, f"{path}/{asked.set_name}/Day", {"Date": day.isoformat(), **asked.query})
        except (BadRequest, SiteGone):
            if asked.kind != "site" and asked.set_name not in lists.sets(get(self.session, path).body):
                return None
            raise
        if has_open_intervals(answer.body, answer.request, site):
            # the same bytes tell more later: this must not count as known content then
            fetched_at = datetime.fromisoformat(answer.request["fetched_at"])
            answer.request["closed_until"] = closed_until(fetched_at).isoformat()
        return answer

    def _asked(self, site: Site, path: str, query: Mapping[str, str]) -> Answer:
        """Ask below a plant; a refusal that is really a lost consent is named so."""
        try:
            answer = get(self.session, path, **query)
        except (SiteForbidden, SiteGone):
            self._require_consent()
            raise
        refuse_moved(self.session, answer, site)
        return answer

    def _require_consent(self) -> None:
        next(self.sites())


def connect(keeper: Keeper, settings: Settings | None = None, budget: Budget | None = None) -> Sma:
    """Open an account with tokens or with the `login_hint` of an owner who consented; no call is made yet."""
    settings = settings or Settings()
    secret = keeper.read()
    if not any(secret.get(name) for name in ("access_token", "refresh_token", "login_hint")):
        raise AuthFailed(
            "the credential holds neither tokens nor a login_hint",
            remedy="Connect the SMA account in the browser, or add it with the owner's e-mail address as login_hint.",
        )
    life = TokenLife(keeper, lambda held: sma_tokens.renewed(settings, held, keeper.now(), budget))
    backoff = Backoff()

    def check(payload: object) -> None:
        lists.refuse_error_object(payload)
        backoff.answered()

    session = build(
        settings.base_url or BASE_URL,
        headers={},
        allowed_hosts={host_of(settings.base_url)} if settings.base_url else ALLOWED_HOSTS,
        budget=budget,
        sleep=settings.sleep,
        clock=settings.clock,
        throttled=backoff.throttled,
        check=check,
        access=Bearer(life),
    )
    return Sma(session)


def closed_until(now: datetime) -> datetime:
    """The end of the newest five minutes that are closed at `now`."""
    return last_boundary(now, SETTLE_SECONDS, SHORTEST_INTERVAL_SECONDS)


def _days(window: Window, zone_name: str) -> Iterator[date]:
    """The plant-local days that a window touches."""
    first = window.start.astimezone(zone(zone_name)).date()
    last = (window.end - timedelta(microseconds=1)).astimezone(zone(zone_name)).date()
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _paths(site: Site, devices: list[VendorDevice], asked: Asked, day: date) -> Iterator[str]:
    if asked.kind == "site":
        yield _path("plants", site.external_site_id, "measurements/sets")
    for device in devices:
        if device.kind == asked.kind and lists.delivers_on(device, day):
            yield _path("devices", device.external_device_id, "measurements/sets")


def _path(kind: str, external_id: str, rest: str) -> str:
    return f"/{kind}/{quote(external_id, safe='')}/{rest}"
