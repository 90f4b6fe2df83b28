"""GoodWe: the accounts behind a session, and the pace of its calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from include.core.errors import ReauthRequired
from include.http.hosts import AllowList, host_of
from include.http.session import Access, Budget, VendorSession
from include.security.tokens import Secret, TokenLife
from include.sources.inverters import goodwe_login as logins
from include.sources.inverters.base import Settings
from include.sources.inverters.goodwe_places import gateway, places


class Account(Access, Protocol):
    """Access that also knows by which of the two interfaces its calls go."""

    def mode(self) -> str:
        """`openapi` or `sems_plus`; may log in to find out."""

    def lead(self, session: VendorSession) -> None:
        """Take over where the session's calls go."""


@dataclass(slots=True)
class LoginAccount:
    """An account that logs in with a password and is told by its login where to call."""

    life: TokenLife
    settings: Settings
    session: VendorSession | None = None
    _led_by: Secret | None = field(default=None, init=False)

    def mode(self) -> str:
        """The interface that the account's login chose."""
        return self.life.current()["chosen_mode"]

    def lead(self, session: VendorSession) -> None:
        """Take over where the session's calls go; the first login happens later."""
        self.session = session

    def headers(self) -> Mapping[str, str]:
        """Proof for one try, signed now; a login that moved to another gateway takes the session along."""
        secret = self.life.current()
        self._point(secret)
        return logins.proof(secret, self.settings.clock())

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Log in again, unless another worker did already."""
        self.life.replace(logins.token_in(refused))
        return True

    def _point(self, secret: Secret) -> None:
        if secret is self._led_by:
            return
        known = places(self.settings, secret)
        is_openapi = secret["chosen_mode"] == logins.OPENAPI
        base_url = known.openapi_url if is_openapi else gateway(secret["session"].get("api"), known)
        point(self.session, base_url)
        self.session.hide(secret["access_token"], *logins.spellings(secret["password"]))
        self._led_by = secret


@dataclass(slots=True)
class IssuedToken:
    """An OpenAPI token that somebody was given; nothing can renew it."""

    token: str
    settings: Settings

    def mode(self) -> str:
        """Such tokens exist at the OpenAPI only."""
        return logins.OPENAPI

    def lead(self, session: VendorSession) -> None:
        """Send the session's calls to the OpenAPI."""
        point(session, places(self.settings, {}).openapi_url)

    def headers(self) -> Mapping[str, str]:
        """The token."""
        return {"token": self.token}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Say that the token is over."""
        raise ReauthRequired(
            "goodwe_token_expired: the vendor does not accept the token any more, and it cannot be renewed",
            remedy="Connect the account with its name and password, best a separate one with read-only rights.",
        )


def point(session: VendorSession, base_url: str) -> None:
    """Send the session's calls to `base_url`, which was judged before, and to no other host."""
    if session.base_url != base_url:
        session.hosts = AllowList({host_of(base_url)}, must_be_secure=base_url.startswith("https:"))
        session.base_url = base_url


@dataclass(slots=True)
class Paced:
    """Budget of an account whose vendor bans those who call too fast: at least `gap_s` seconds between two calls."""

    budget: Budget | None
    gap_s: float
    sleep: Callable[[float], None]
    clock: Callable[[], datetime]
    _last: datetime | None = field(default=None, init=False)

    def reserve(self) -> None:
        """Wait for the pace, then take the call from the budget."""
        if self._last is not None:
            pause_s = (self._last + timedelta(seconds=self.gap_s) - self.clock()).total_seconds()
            if pause_s > 0:
                self.sleep(min(pause_s, self.gap_s))  # a clock that was set back must not hold the account up
        if self.budget:
            self.budget.reserve()
        self._last = self.clock()
