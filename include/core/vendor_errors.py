"""What vendors' APIs do instead of giving data; `errors.py` names these beside ours."""

from collections.abc import Sequence
from datetime import datetime

from include.core.named_error import SunledgerError


class VendorError(SunledgerError):
    """A vendor's API did not give data; subclasses say whether a retry can help."""

    code = "E400_VENDOR"


class VendorUnavailable(VendorError):
    """Transport failure, 5xx, or an answer cut short: retry later. `retry_at` may say when."""

    code = "E401_VENDOR_UNAVAILABLE"

    def __init__(self, message: str, *, retry_at: datetime | None = None, place: str = "", remedy: str = "") -> None:
        super().__init__(message, place=place, remedy=remedy)
        self.retry_at = retry_at


class RateLimited(VendorUnavailable):
    """A short limit is used up; `retry_at` says when the vendor allows the next call."""

    code = "E402_RATE_LIMITED"


class QuotaExhausted(VendorError):
    """The monthly credits are used up; no call is made until the cycle resets."""

    code = "E403_QUOTA_EXHAUSTED"


class AuthFailed(VendorError):
    """The vendor refused the credential; the credential needs a person."""

    code = "E404_AUTH_FAILED"


class AuthOrGateway(AuthFailed):
    """A page instead of data: a login form or a gateway answered with HTML."""

    code = "E405_AUTH_OR_GATEWAY"


class SiteForbidden(VendorError):
    """This credential may not read this site; other sites go on."""

    code = "E406_SITE_FORBIDDEN"


class SiteGone(VendorError):
    """The vendor does not know the site or device any more."""

    code = "E407_SITE_GONE"


class BadRequest(VendorError):
    """The vendor refused the window or a parameter; a retry of the same call cannot help."""

    code = "E408_BAD_REQUEST"


class ApiWithdrawn(VendorError):
    """The vendor switched this API off for good (HTTP 410)."""

    code = "E409_API_WITHDRAWN"


class UnexpectedPayload(VendorError):
    """An answer does not have the documented shape; it is kept in the lake and quarantined."""

    code = "E410_UNEXPECTED_PAYLOAD"


class PaginationLoop(VendorError):
    """A page repeated itself or the pages never end."""

    code = "E411_PAGINATION_LOOP"


class AnswerTooLarge(VendorError):
    """An answer passed the byte limit, on the wire or decompressed."""

    code = "E412_ANSWER_TOO_LARGE"


class HostRefused(VendorError):
    """A URL or redirect points to a host that is not on the allow-list."""

    code = "E413_HOST_REFUSED"


class ReauthRequired(AuthFailed):
    """The vendor takes neither the token nor its renewal any more: a person must connect the account again."""

    code = "E414_REAUTH_REQUIRED"


class ConsentPending(VendorError):
    """The plant's owner has not answered the request for access yet."""

    code = "E415_CONSENT_PENDING"


class ConsentLost(AuthFailed):
    """The plant's owner refused or withdrew access; some vendors show it as an empty list of plants."""

    code = "E416_CONSENT_LOST"


class SiteMoved(VendorError):
    """The vendor gave a site new ids. `external_site_id` is the new one, `devices` maps old device ids to new ones."""

    code = "E417_SITE_MOVED"

    def __init__(self, message: str, *, external_site_id: str, devices: dict[str, str], place: str = "") -> None:
        super().__init__(message, place=place, remedy="The new ids are stored, and the site is read under them.")
        self.external_site_id = external_site_id
        self.devices = devices


class SitesFailed(VendorError):
    """Some sites of a run did not fully arrive; the message names each with its own reason.

    `causes` are their errors, where they are at hand: whether trying again may help is theirs to say.
    """

    code = "E418_SITES_FAILED"

    def __init__(self, message: str, causes: Sequence[Exception] = ()) -> None:
        super().__init__(message)
        self.causes = tuple(causes)
