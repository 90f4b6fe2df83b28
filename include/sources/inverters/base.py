"""The contract of an inverter cloud: what the pipeline may expect of every vendor module.

A vendor is one module with the names of `InverterModule` and one line in `REGISTRY`. Connecting and
fetching talk to the vendor; parsing is pure, so that any stored answer can be replayed at any time.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pyarrow as pa

from include.core.records import Answer, Site, VendorDevice, VendorSite, Window
from include.http.session import Budget, utc_now
from include.security.tokens import Keeper, Secret


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may override for one vendor; the defaults mean the vendor's live service.

    base_url: another address of the same API, such as a simulator
    options:  the other names of the module's `SETTINGS`: our application's id and secret at the vendor, addresses,
              and facts on which sources disagree
    """

    base_url: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], datetime] = utc_now


class CodeGrant(Protocol):
    """How an owner grants access in the browser, OAuth 2.0 authorization code."""

    USES_PKCE: bool

    def authorize_url(self, settings: Settings, state: str, redirect_uri: str, challenge: str | None) -> str:
        """The vendor's consent page for one request; `challenge` is the S256 challenge where PKCE is used."""

    def exchange(
        self, settings: Settings, callback: Mapping[str, str], redirect_uri: str, verifier: str | None
    ) -> Secret:
        """Turn the query of the vendor's callback, which holds `code`, into the secret to store."""


class OwnerConsent(Protocol):
    """How an owner is asked for access by the vendor's letter, without a browser of ours, and what came of it.

    Both functions return what to store beside the secret: `login_hint`, `consent_state` (`pending`, `accepted`,
    `rejected`, `expired` or `revoked`), `consent_checked_at` and `next_check` (ISO 8601, UTC). `next_check` is None
    where asking again tells nothing new; before it the vendor must not be asked.
    """

    def request(self, settings: Settings, login_hint: str) -> dict[str, Any]:
        """Ask the owner for access; a request that is on its way already is not repeated."""

    def poll(self, settings: Settings, login_hint: str) -> dict[str, Any]:
        """Learn what became of the request."""


class InverterSource(Protocol):
    """A connected account: reads sites, devices and readings with one credential."""

    name: str

    def sites(self) -> Iterator[VendorSite]:
        """List every site that the credential may read, each once."""

    def devices(self, external_site_id: str) -> Iterator[VendorDevice]:
        """List inverters, meters and batteries of a site, each once."""

    def fetch(self, site: Site, window: Window) -> Iterator[Answer]:
        """Yield the vendor's answers that cover `window`, in order of time."""


class InverterModule(Protocol):
    """What a vendor's module defines.

    RAW_SCHEMA is the shape of RAW_TABLE without `load_id`; `parse` yields rows of that shape.
    OVERLAP is how far behind the high-water mark a run reads again, because the vendor revises.
    SETTLE_SECONDS is how long after its end an interval counts as closed.
    PART is how much time is fetched and made durable before the high-water mark moves.
    SETTINGS names what an operator may set, each as the environment variable `<NAME>_<SETTING>` in upper case;
    `base_url` becomes `Settings.base_url`, the others `Settings.options`.
    ACCOUNTS lists the ways to hold an account: auth_type -> fields of the secret that a person enters; a field whose
    name ends in `?` may be left out.
    CALLS_PER_MINUTE and CALLS_PER_MONTH bound an account whose own limits are not stored; None does not. Settings
    `calls_per_minute` and `calls_per_month`, which every vendor has, go before them.
    APPLICATION_LIMITS says that the vendor counts the calls of our application, so all accounts share these limits.
    LEAST_SYNC_MINUTES is the shortest polling interval that the vendor tolerates.
    GRANT is how an owner connects in the browser; None where there is no such way.
    CONSENT is how an owner is asked for access in the background; None where there is no such way.
    """

    NAME: str
    RAW_TABLE: str
    RAW_SCHEMA: pa.Schema
    ALLOWED_HOSTS: Collection[str]
    SERIES: tuple[str, ...]
    DEFAULT_SERIES: tuple[str, ...]
    SETTLE_SECONDS: int
    OVERLAP: timedelta
    PART: timedelta
    SETTINGS: tuple[str, ...]
    ACCOUNTS: Mapping[str, tuple[str, ...]]
    CALLS_PER_MINUTE: int | None
    CALLS_PER_MONTH: int | None
    APPLICATION_LIMITS: bool
    LEAST_SYNC_MINUTES: int
    GRANT: CodeGrant | None
    CONSENT: OwnerConsent | None

    def connect(self, keeper: Keeper, settings: Settings | None = None, budget: Budget | None = None) -> InverterSource:
        """Open an account whose secret `keeper` holds; no call is made yet."""

    def closed_until(self, now: datetime) -> datetime:
        """The end of the newest interval that is closed at `now`."""

    def parse(self, body: bytes, request: Mapping[str, Any], site: Site) -> Iterator[dict[str, Any]]:
        """Turn one answer into raw rows. Pure: no clock, network or database."""


def last_boundary(now: datetime, settle_seconds: int, interval_seconds: int) -> datetime:
    """The newest interval boundary that lies at least `settle_seconds` before `now`, in UTC."""
    settled = int(now.timestamp()) - settle_seconds
    return datetime.fromtimestamp(settled - settled % interval_seconds, tz=UTC)
