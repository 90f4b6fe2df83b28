"""Every error that Sunledger names: a code, what happened, where, and what to do about it.

The retry policy of the Dags (`orchestration/policies.py`) is a table over these classes, the command
line turns them into exit codes, and the quarantine stores their codes.
"""

from datetime import datetime

from include.core.controls import one_line


class SunledgerError(Exception):
    """Base of all named errors; `code` is stable and documented, `remedy` is a sentence for a person."""

    code = "E000_INTERNAL"

    def __init__(self, message: str, *, place: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.message}"]
        if self.place:
            parts.append(f"at {self.place}")
        if self.remedy:
            parts.append(f"({self.remedy})")
        return one_line(" ".join(parts))


class ConfigurationError(SunledgerError):
    """A setting is missing or contradicts another one."""

    code = "E001_CONFIGURATION"


class NotFound(SunledgerError):
    """An object named by the caller does not exist, or not for this organization."""

    code = "E002_NOT_FOUND"


class FileRejected(SunledgerError):
    """A whole file cannot be read; nothing of it is staged. `code` is one of F001 to F007."""

    def __init__(self, code: str, message: str, *, place: str = "", remedy: str = "") -> None:
        super().__init__(message, place=place, remedy=remedy)
        self.code = code


class InvalidKey(SunledgerError):
    """A lake key does not follow the key grammar."""

    code = "E101_LAKE_KEY"


class ObjectExists(SunledgerError):
    """A lake object of that key exists with other bytes; objects are never overwritten."""

    code = "E102_OBJECT_EXISTS"


class ObjectChanged(SunledgerError):
    """An object was replaced between sensing and reading; the new version waits for its own turn."""

    code = "E103_OBJECT_CHANGED"


class ObjectCorrupt(SunledgerError):
    """An object's bytes do not have the SHA-256 that was promised for them."""

    code = "E104_OBJECT_CORRUPT"


class LakeUnavailable(SunledgerError):
    """The store behind the lake does not answer or takes nothing; what was not stored is not acknowledged."""

    code = "E105_LAKE_UNAVAILABLE"


class Fenced(SunledgerError):
    """Another worker took over this load; the stale writer changed nothing."""

    code = "E201_FENCED"


class AccountingError(SunledgerError):
    """rows_in differs from clean + rejected + duplicate; the load stays unpublished."""

    code = "E202_ACCOUNTING"


class IllegalState(SunledgerError):
    """The requested step is not possible in the present state of the load or publication."""

    code = "E203_ILLEGAL_STATE"


class BuildFailed(SunledgerError):
    """`dbt build` failed; the publication stays open and the published state is unchanged."""

    code = "E204_BUILD_FAILED"


class PublicationBusy(SunledgerError):
    """Another builder is at work on the open publication; wait for it to close."""

    code = "E205_PUBLICATION_BUSY"


class SiteBusy(SunledgerError):
    """A site is being read, or reading it took longer than a task may; what is stored stays. Try again later."""

    code = "E206_SITE_BUSY"


class ReferenceRefused(SunledgerError):
    """A row of reference data contradicts what is stored or what the table allows; nothing of it is written."""

    code = "E208_REFERENCE_REFUSED"


class SecretError(SunledgerError):
    """A credential cannot be decrypted: wrong key, unknown key id, or a record moved between rows."""

    code = "E301_SECRET"


class UnsafeRole(SunledgerError):
    """A service tried to start as a superuser, an owner or a role that bypasses row-level security."""

    code = "E302_UNSAFE_ROLE"


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
    """Some sites of a run did not fully arrive; the message names each with its own reason."""

    code = "E418_SITES_FAILED"


class StateRefused(SunledgerError):
    """The answer to a request for consent is forged, too late, used before, or meant for somebody else."""

    code = "E501_STATE_REFUSED"


class ConsentRefused(SunledgerError):
    """The vendor sent the owner back without a grant; `reason` is the error code of RFC 6749 section 4.1.2.1."""

    code = "E502_CONSENT_REFUSED"

    def __init__(self, message: str, *, reason: str, place: str = "", remedy: str = "") -> None:
        super().__init__(message, place=place, remedy=remedy)
        self.reason = reason


class NotAllowed(SunledgerError):
    """The user belongs to the organization, but not in a role that may do this."""

    code = "E503_NOT_ALLOWED"


class TooManyRequests(SunledgerError):
    """The caller asks more often than a person would; a minute later it is answered again."""

    code = "E504_TOO_MANY_REQUESTS"


class Conflict(SunledgerError):
    """What is asked for contradicts what is stored already."""

    code = "E505_CONFLICT"


class NotDelivered(SunledgerError):
    """A message to people did not get out; what it says stands in the log."""

    code = "E701_NOT_DELIVERED"
