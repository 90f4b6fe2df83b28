"""Exit codes: 0 done; 1 the data was refused or a check failed; 2 wrong usage or configuration; 3 try again later."""

from include.core.errors import (
    ConfigurationError,
    LakeUnavailable,
    MonthBusy,
    NotFound,
    PublicationBusy,
    SiteBusy,
    SunledgerError,
    VendorUnavailable,
    WarehouseUnavailable,
)

DONE, REFUSED, MISTAKE, LATER = range(4)
# what may pass without anybody mending anything
PASSING = VendorUnavailable | LakeUnavailable | WarehouseUnavailable | PublicationBusy | SiteBusy | MonthBusy


def exit_code(error: SunledgerError | None) -> int:
    """The exit code that an error, or none, ends a command with."""
    if error is None:
        return DONE
    if isinstance(error, ConfigurationError | NotFound):
        return MISTAKE
    return LATER if isinstance(error, PASSING) else REFUSED
