"""The life of a token: who keeps it, when it is renewed, and that only one worker renews it.

Vendors hand out short tokens and replace the longer-lived one at each renewal, so two workers that renew at once
would lock the account out. Renewal therefore happens under the keeper's lock, is read again after the lock was won,
and is stored before the new token is used.

A secret with a life holds `access_token`, `obtained_at` and `expires_at` (ISO 8601, UTC; absent when the vendor does
not say), for some vendors `refresh_token` and `renewable_until`, and what the vendor's module adds.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from include.core.failpoints import failpoint

Secret = dict[str, Any]

LONGEST_MARGIN = timedelta(minutes=5)
MARGIN_SHARE = 0.2  # of a token's life, for tokens that live only minutes


class Held(Protocol):
    """A secret under lock."""

    secret: Secret

    def save(self, secret: Secret) -> None:
        """Store a new secret durably; it may be used only after this returned."""


class Keeper(Protocol):
    """Where the secret of one account lives."""

    def read(self) -> Secret:
        """The secret as stored now."""

    def now(self) -> datetime:
        """The present by the keeper's clock, which decides about expiry on every machine alike."""

    def hold(self) -> AbstractContextManager[Held]:
        """Lock the secret against all other workers; waits for its turn and reads it again."""


class Remembered:
    """A keeper in memory, for tests and for trying a secret before it is stored."""

    def __init__(self, secret: Mapping[str, Any], now: Callable[[], datetime] | None = None) -> None:
        self.secret: Secret = dict(secret)
        self.now = now or (lambda: datetime.now(UTC))

    def read(self) -> Secret:
        """The secret as it is now."""
        return dict(self.secret)

    @contextmanager
    def hold(self) -> Iterator["Remembered"]:
        """Hold itself; there is only one worker."""
        yield self

    def save(self, secret: Secret) -> None:
        """Remember a new secret."""
        self.secret = dict(secret)


class TokenLife:
    """Hands out a token that is good for the next call.

    renew: turns a secret into one with a new token by asking the vendor; raises ReauthRequired when the vendor
           takes neither, and then nothing is stored
    """

    def __init__(self, keeper: Keeper, renew: Callable[[Secret], Secret]) -> None:
        self.keeper = keeper
        self._renew = renew
        self._secret: Secret | None = None

    def current(self) -> Secret:
        """The secret with a token that does not expire within the margin; renews it where needed."""
        if self._secret is None or not is_fresh(self._secret, self.keeper.now()):
            self._secret = self.keeper.read()
        if not is_fresh(self._secret, self.keeper.now()):
            self._secret = self._renewed(lambda secret: is_fresh(secret, self.keeper.now()))
        return self._secret

    def replace(self, refused_token: str) -> Secret:
        """The secret after the vendor refused a token: another worker's newer one, or a renewed one."""
        self._secret = self._renewed(lambda secret: secret.get("access_token") not in {None, refused_token})
        return self._secret

    def _renewed(self, is_good: Callable[[Secret], bool]) -> Secret:
        with self.keeper.hold() as held:
            if is_good(held.secret):
                return held.secret
            fresh = self._renew(held.secret)
            failpoint("after_token_response")
            held.save(fresh)
            return fresh


def is_fresh(secret: Secret, now: datetime) -> bool:
    """Whether the token is there and does not expire soon; an unknown expiry counts as soon."""
    if not secret.get("access_token") or not secret.get("expires_at"):
        return False
    expires_at = datetime.fromisoformat(secret["expires_at"])
    margin = LONGEST_MARGIN
    if secret.get("obtained_at"):
        margin = min(margin, (expires_at - datetime.fromisoformat(secret["obtained_at"])) * MARGIN_SHARE)
    return now < expires_at - margin
