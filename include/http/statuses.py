"""From an HTTP status to one of our named errors."""

from datetime import datetime

from include.core.errors import (
    ApiWithdrawn,
    AuthFailed,
    BadRequest,
    SiteForbidden,
    SiteGone,
    UnexpectedPayload,
    VendorError,
    VendorUnavailable,
)

ERRORS: dict[int, tuple[type[VendorError], str]] = {
    400: (BadRequest, "Check the requested window and the parameters; the same call will fail again."),
    401: (AuthFailed, "Enter a new key or token for this credential; it is not used until then."),
    403: (SiteForbidden, "Ask the account owner to give this credential access to the site; other sites go on."),
    404: (SiteGone, "Check whether the site or device was removed at the vendor; other sites go on."),
    410: (ApiWithdrawn, "The vendor switched this interface off; move the credential to the current one."),
    422: (BadRequest, "Check the requested window and the parameters; the same call will fail again."),
}

REQUEST_TIMEOUT = 408
FIRST_SERVER_ERROR = 500


def error_for(status: int, detail: str, place: str, retry_at: datetime | None = None) -> VendorError:
    """The error that an HTTP status stands for; 429 is not here because vendors mean different things by it."""
    message = f"HTTP {status}: {detail}" if detail else f"HTTP {status}"
    if status == REQUEST_TIMEOUT or status >= FIRST_SERVER_ERROR:
        remedy = "The vendor's service has trouble; the call is repeated later by itself."
        return VendorUnavailable(message, retry_at=retry_at, place=place, remedy=remedy)
    if status in ERRORS:
        kind, remedy = ERRORS[status]
        return kind(message, place=place, remedy=remedy)
    if status < 400:
        return UnexpectedPayload(message, place=place, remedy="Check the address of the vendor's service.")
    return BadRequest(message, place=place, remedy="The vendor refuses this call; the same call will fail again.")
