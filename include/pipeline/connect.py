"""Connects a vendor account in the browser: the owner consents at the vendor, we store the tokens encrypted.

`begin` opens a request and says where to send the owner; `finish` takes the vendor's answer. Organization, vendor,
label and redirect address are those that were stored when the request began; the answer is believed in nothing but
its code. A request is answered once, by the user who opened it, within 10 minutes.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from include.core import settings
from include.core.errors import ConfigurationError, ConsentRefused, NotAllowed, NotFound, TooManyRequests
from include.pipeline import accounts
from include.security import state as states
from include.security.vault import Binding, Vault
from include.warehouse import audit, grants, members, oauth_states, vault_keys
from include.warehouse.database import Connection, connect

CALLBACK_PATH = "/api/oauth/callback"
LEAST_ROLE = "member"
REQUESTS_PER_MINUTE = 30
DEFAULT_PORTS = {"https": 443, "http": 80}
# error codes of RFC 6749 section 4.1.2.1 -> what happened, what to do
REFUSALS = {
    "access_denied": ("access was not granted at the vendor", "Begin again if this was a mistake."),
    "temporarily_unavailable": ("the vendor has trouble at the moment", "Try again in some minutes."),
    "server_error": ("the vendor has trouble at the moment", "Try again in some minutes."),
}
OTHER_REFUSAL = (
    "the vendor does not accept the request of this application",
    "Tell the operator to compare the redirect address and the application's settings with the vendor's registration.",
)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the owner, and until when the answer is awaited."""

    authorize_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Connected:
    """An account whose tokens are stored."""

    credential_id: int
    organization_id: int
    source_system: str
    label: str
    is_new: bool


def redirect_uri() -> str:
    """The one address that vendors send owners back to, as it is registered with them."""
    return settings.public_url() + CALLBACK_PATH


def connectable() -> list[str]:
    """The vendors whose accounts are connected in the browser."""
    from include.sources.inverters import REGISTRY

    return [name for name in REGISTRY if accounts.vendor(name).GRANT is not None]


def organizations(user_name: str) -> list[dict[str, Any]]:
    """The organizations for which a user may connect accounts."""
    with connect() as connection:
        return [row for row in members.of_user(connection, user_name) if members.may(row["role"], LEAST_ROLE)]


def begin(user_name: str, source_system: str, organization_id: int, label: str = "") -> Begun:
    """Open a request for consent of a vendor account for an organization that the user belongs to."""
    with connect() as connection:
        _refuse_stranger(connection, user_name, organization_id)
        grant, options = _grant(source_system), accounts.vendor_settings(source_system)
        grants.refuse_taken(connection, organization_id, source_system, label)
        if oauth_states.opened_within_a_minute(connection, user_name) >= REQUESTS_PER_MINUTE:
            raise TooManyRequests("too many connections were begun in the last minute", remedy="Wait a minute.")
        now = oauth_states.now(connection)
        claims = states.claim(organization_id, user_name, source_system, int(now.timestamp()))
        verifier = states.new_verifier() if grant.USES_PKCE else None
        address = redirect_uri()
        url = grant.authorize_url(
            options,
            states.sign(claims, states.keys()[-1]),
            address,
            states.challenge(verifier) if verifier else None,
        )
        if not _origin(url):
            raise ConfigurationError(f"the consent page of {source_system} has no web address")
        record, key_id = _sealed(verifier, claims)
        request = {
            "jti": claims.jti,
            "organization_id": organization_id,
            "user_name": user_name,
            "source_system": source_system,
            "label": label,
            "redirect_uri": address,
            "issuer_origin": _origin(url),
            "encrypted_verifier": record,
            "key_id": key_id,
            "created_at": now,
            "expires_at": now + states.LIFE,
        }
        oauth_states.forget_old(connection)
        oauth_states.store(connection, request)
        return Begun(url, request["expires_at"])


def finish(user_name: str, answer: Iterable[tuple[str, str]]) -> Connected:
    """Take the vendor's answer, the query of the callback as pairs, and store what the owner granted.

    Raises StateRefused when the answer belongs to no open request of this user, ConsentRefused when the owner or the
    vendor said no, and the vendor's errors when the code cannot be exchanged. The request is used up in each case.
    """
    callback = _single(answer)
    request = _consume(user_name, callback)
    # an answer that names its sender must come from where the owner was sent to (RFC 9207)
    if callback.get("iss") and _origin(callback["iss"]) != request["issuer_origin"]:
        raise states.refused("it comes from another vendor than the one that was asked")
    _refuse_error(callback)
    if not callback.get("code"):
        raise ConsentRefused(OTHER_REFUSAL[0], reason="no_code", remedy=OTHER_REFUSAL[1])
    source_system, organization_id = request["source_system"], request["organization_id"]
    secret = _grant(source_system).exchange(
        accounts.vendor_settings(source_system), callback, request["redirect_uri"], _opened(request)
    )
    with connect() as connection:
        credential_id, is_new = grants.store(
            connection, organization_id, source_system, request["label"], secret, user_name
        )
        audit.record(
            connection,
            actor=user_name,
            action="connect_account" if is_new else "reconnect_account",
            subject=f"credential {credential_id}",
            organization_id=organization_id,
            details={"source_system": source_system, "label": request["label"]},
        )
    return Connected(credential_id, organization_id, source_system, request["label"], is_new)


def _consume(user_name: str, callback: dict[str, str]) -> dict[str, Any]:
    """The request that the answer belongs to, used up and committed before anything else is done."""
    # SolarEdge may give our state back under its own name
    state = callback.get("state") or callback.get("external_id")
    if not state:
        raise states.refused("the vendor sent no state back")
    with connect() as connection:
        claims = states.verify(state, states.keys(), int(oauth_states.now(connection).timestamp()))
        if claims.user_name != user_name:
            raise states.refused("it was begun by another user")
        _refuse_stranger(connection, user_name, claims.organization_id)
        request = oauth_states.consume(
            connection,
            claims.jti,
            organization_id=claims.organization_id,
            user_name=user_name,
            source_system=claims.source_system,
        )
    if request is None:
        raise states.refused("it was answered already, or is unknown")
    return request


def _refuse_stranger(connection: Connection, user_name: str, organization_id: int) -> None:
    """An organization of others is not told from one that does not exist."""
    roles = {row["organization_id"]: row["role"] for row in members.of_user(connection, user_name)}
    if organization_id not in roles:
        raise NotFound(
            f"there is no organization {organization_id}", remedy="Ask its owner to make you a member of it."
        )
    if not members.may(roles[organization_id], LEAST_ROLE):
        raise NotAllowed("viewers cannot connect accounts", remedy="Ask the owner for the role member.")


def _grant(source_system: str):
    grant = accounts.vendor(source_system).GRANT
    if grant is None:
        raise NotFound(
            f"{source_system} accounts are not connected in the browser",
            remedy="Add them with `sunledger credentials add`.",
        )
    return grant


def _single(answer: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The query as a mapping; a parameter may come once only (RFC 6749 section 3.1)."""
    pairs = list(answer)
    if any(n > 1 for n in Counter(name for name, _ in pairs).values()):
        raise states.refused("a parameter came twice")
    return dict(pairs)


def _refuse_error(callback: dict[str, str]) -> None:
    """Raise when the vendor sent the owner back with an error; its free text is not repeated."""
    if callback.get("error"):
        reason = callback["error"] if callback["error"] in REFUSALS else "other"
        message, remedy = REFUSALS.get(reason, OTHER_REFUSAL)
        raise ConsentRefused(message, reason=reason, remedy=remedy)


def _sealed(verifier: str | None, claims: states.Claims) -> tuple[str | None, str | None]:
    """The verifier encrypted for its request; (None, None) where there is none."""
    if verifier is None:
        return None, None
    return vault_keys.sealed({"verifier": verifier}, _binding(claims.organization_id, claims.jti))


def _opened(request: dict[str, Any]) -> str | None:
    if request["encrypted_verifier"] is None:
        return None
    binding = _binding(request["organization_id"], request["jti"])
    return Vault.from_environment().decrypt(request["encrypted_verifier"], request["key_id"], binding)["verifier"]


def _binding(organization_id: int, jti: Any) -> Binding:
    """What ties a verifier to its request; no credential has the id 0."""
    return Binding(organization_id, 0, f"oauth-state:{jti}")


def _origin(url: str) -> str:
    """Scheme, host and port of an address in one spelling; empty for what is no web address."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return ""
    if port is None or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}"
