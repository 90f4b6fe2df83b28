"""Every error that Sunledger names: a code, what happened, where, and what to do about it.

The retry policy of the Dags (`orchestration/policies.py`) is a table over these classes, the command
line turns them into exit codes, and the quarantine stores their codes.
"""

from include.core.named_error import SunledgerError
from include.core.vendor_errors import (
    AnswerTooLarge,
    ApiWithdrawn,
    AuthFailed,
    AuthOrGateway,
    BadRequest,
    ConsentLost,
    ConsentPending,
    HostRefused,
    PaginationLoop,
    QuotaExhausted,
    RateLimited,
    ReauthRequired,
    SiteForbidden,
    SiteGone,
    SiteMoved,
    SitesFailed,
    UnexpectedPayload,
    VendorError,
    VendorUnavailable,
)


class ConfigurationError(SunledgerError):
    """A setting is missing or contradicts another one."""

    code = "E001_CONFIGURATION"


class NotFound(SunledgerError):
    """An object named by the caller does not exist, or not for this organization."""

    code = "E002_NOT_FOUND"


class FileRejected(SunledgerError):
    """A whole file cannot be read; nothing of it is staged. `code` is one of F001 to F009."""

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


class WarehouseUnavailable(SunledgerError):
    """The database does not answer, or broke off; what was not committed did not happen."""

    code = "E106_WAREHOUSE_UNAVAILABLE"


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


class EvidenceRefused(SunledgerError):
    """An evidence pack does not hold: its numbers do not follow from its readings, or its bytes were changed."""

    code = "E209_EVIDENCE"


class PublicationBusy(SunledgerError):
    """Another builder is at work on the open publication; wait for it to close."""

    code = "E205_PUBLICATION_BUSY"


class SiteBusy(SunledgerError):
    """A site is being read, or reading it took longer than a task may; what is stored stays. Try again later."""

    code = "E206_SITE_BUSY"


class MonthBusy(SunledgerError):
    """Somebody reads or writes the month of readings that was to be moved; nothing was changed. Try again later."""

    code = "E209_MONTH_BUSY"


class ReferenceRefused(SunledgerError):
    """A row of reference data contradicts what is stored or what the table allows; nothing of it is written."""

    code = "E208_REFERENCE_REFUSED"


class SecretError(SunledgerError):
    """A credential cannot be decrypted: wrong key, unknown key id, or a record moved between rows."""

    code = "E301_SECRET"


class UnsafeRole(SunledgerError):
    """A service tried to start as a superuser, an owner or a role that bypasses row-level security."""

    code = "E302_UNSAFE_ROLE"


class SignatureRefused(SunledgerError):
    """A signature is not of the key it names, or that key is not trusted here."""

    code = "E303_SIGNATURE"


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
