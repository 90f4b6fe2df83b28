"""Vendor accounts: from a credential's row to a connected source."""

import os
from typing import Any

from include.core.errors import ConfigurationError, NotFound
from include.security.tokens import Keeper
from include.warehouse.budget import Allowance, Budgets
from include.warehouse.credentials import StoredCredential

# what an operator sets where our plan at the vendor is not the one that its module assumes
LIMIT_SETTINGS = ("calls_per_minute", "calls_per_month")


def connect_account(credential: dict[str, Any]):
    """Connect to the vendor with a stored credential; its tokens are renewed in the database."""
    source_system = credential["source_system"]
    return connect_with(StoredCredential(credential["credential_id"]), source_system, _budgets(credential))


def connect_with(keeper: Keeper, source_system: str, budget: Budgets | None = None):
    """Connect to a vendor with any keeper, for example to try a secret before it is stored."""
    budget = budget or Budgets(_of_application(source_system))
    return vendor(source_system).connect(keeper, vendor_settings(source_system), budget)


def vendor(source_system: str):
    """The vendor's module."""
    from include.sources.inverters import REGISTRY

    if source_system not in REGISTRY:
        raise NotFound(f"there is no vendor {source_system!r}", remedy=f"the vendors are {', '.join(REGISTRY)}")
    return REGISTRY[source_system]


def vendors() -> list[str]:
    """Every vendor's `source_system`."""
    from include.sources.inverters import REGISTRY

    return list(REGISTRY)


def vendor_settings(source_system: str):
    """What the environment says of a vendor: `<VENDOR>_<SETTING>` for each name in the module's SETTINGS."""
    from include.sources.inverters.base import Settings

    settings = dict.fromkeys((*vendor(source_system).SETTINGS, *LIMIT_SETTINGS))
    names = {name: f"{source_system}_{name}".upper() for name in settings}
    options = {name: os.environ[variable] for name, variable in names.items() if os.environ.get(variable)}
    return Settings(base_url=options.pop("base_url", None), options=options)


def _budgets(credential: dict[str, Any]) -> Budgets:
    """What the account may call; where the vendor counts the calls of our application, that counts as well."""
    source_system = credential["source_system"]
    usual = (None, None) if vendor(source_system).APPLICATION_LIMITS else _limits(source_system)
    own = Allowance(
        f"credential:{credential['credential_id']}",
        credential["calls_per_minute"] or usual[0],
        credential["monthly_credits"] or usual[1],
    )
    # in this order everywhere, so that two workers never wait for each other
    return Budgets([*_of_application(source_system), own])


def _of_application(source_system: str) -> list[Allowance]:
    if not vendor(source_system).APPLICATION_LIMITS:
        return []
    return [Allowance(f"application:{source_system}", *_limits(source_system))]


def _limits(source_system: str) -> tuple[int | None, int | None]:
    """Calls a minute and a month: as the vendor publishes them, unless our plan is another."""
    module, options = vendor(source_system), vendor_settings(source_system).options
    try:
        minute, month = (int(options[name]) if name in options else None for name in LIMIT_SETTINGS)
    except ValueError as error:
        raise ConfigurationError(
            f"a limit of {source_system} is no whole number",
            remedy=f"mend {' or '.join(f'{source_system}_{name}'.upper() for name in LIMIT_SETTINGS)}",
        ) from error
    return minute or module.CALLS_PER_MINUTE, month or module.CALLS_PER_MONTH
