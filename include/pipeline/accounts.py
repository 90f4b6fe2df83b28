"""Vendor accounts: from a credential's row to a connected source."""

import os
from typing import Any

from include.security.tokens import Keeper
from include.warehouse.budget import Budgets
from include.warehouse.credentials import StoredCredential


def connect_account(credential: dict[str, Any]):
    """Connect to the vendor with a stored credential; its tokens are renewed in the database."""
    source_system = credential["source_system"]
    return connect_with(StoredCredential(credential["credential_id"]), source_system, _budgets(credential))


def connect_with(keeper: Keeper, source_system: str, budget: Budgets | None = None):
    """Connect to a vendor with any keeper, for example to try a secret before it is stored."""
    return vendor(source_system).connect(keeper, vendor_settings(source_system), budget)


def vendor(source_system: str):
    """The vendor's module."""
    from include.core.errors import NotFound
    from include.sources.inverters import REGISTRY

    if source_system not in REGISTRY:
        raise NotFound(f"there is no vendor {source_system!r}", remedy=f"the vendors are {', '.join(REGISTRY)}")
    return REGISTRY[source_system]


def vendor_settings(source_system: str):
    """What the environment says of a vendor: `<VENDOR>_<SETTING>` for each name in the module's SETTINGS."""
    from include.sources.inverters.base import Settings

    names = {name: f"{source_system}_{name}".upper() for name in vendor(source_system).SETTINGS}
    options = {name: os.environ[variable] for name, variable in names.items() if os.environ.get(variable)}
    return Settings(base_url=options.pop("base_url", None), options=options)


def _budgets(credential: dict[str, Any]) -> Budgets:
    """The limits of the account, and of our application where the vendor counts its calls instead."""
    module = vendor(credential["source_system"])
    return Budgets(
        f"credential:{credential['credential_id']}",
        credential["calls_per_minute"] or module.CALLS_PER_MINUTE,
        credential["monthly_credits"] or module.CALLS_PER_MONTH,
    )
