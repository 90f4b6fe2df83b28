"""What a vendor account offers, asked for by the credential's id: its sites, and the devices of one."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from include.core.errors import IllegalState, SunledgerError
from include.core.records import VendorDevice, VendorSite
from include.pipeline.accounts import connect_account
from include.warehouse import credential_states, credentials
from include.warehouse.database import connect

Item = TypeVar("Item")


def sites(credential_id: int) -> list[VendorSite]:
    """Every site of an account, as the vendor lists them now."""
    return _asked(credential_id, lambda source: source.sites())


def devices(credential_id: int, external_site_id: str) -> list[VendorDevice]:
    """The devices of one site, as the vendor lists them now."""
    return _asked(credential_id, lambda source: source.devices(external_site_id))


def _asked(credential_id: int, ask: Callable[[Any], Iterable[Item]]) -> list[Item]:
    """The vendor's list; what it says of the account by its answer is recorded."""
    with connect() as connection:
        row = credentials.get(connection, credential_id)
    if row["state"] != "active":
        raise IllegalState(f"the account is {row['state'].replace('_', ' ')}", remedy="enable or connect it first")
    try:
        found = list(ask(connect_account(row)))
    except SunledgerError as error:
        with connect() as connection:
            credential_states.record_use(connection, row, error)
        raise
    with connect() as connection:
        credential_states.record_use(connection, row)
    return found
