"""Contracts for people: the list, and one with its versions, promises and events."""

from typing import Any

from include.core.errors import NotFound
from include.warehouse import contract_lists
from include.warehouse.database import Connection


def listed(connection: Connection, organization_id: int) -> list[dict[str, Any]]:
    """Every contract of an organization with its newest version."""
    return contract_lists.contracts(connection, organization_id)


def shown(connection: Connection, organization_id: int, number_or_id: str) -> dict[str, Any]:
    """A contract by its number or our id, with its versions, the promises of each, and what happened at its plant."""
    contract = contract_lists.contract(connection, organization_id, number_or_id)
    if contract is None:
        raise NotFound(f"there is no contract {number_or_id!r}", remedy="`sunledger contracts list` shows them")
    return _whole(connection, organization_id, contract)


def of_id(connection: Connection, organization_id: int, contract_id: int) -> dict[str, Any]:
    """The same by our id only."""
    contract = contract_lists.contract_of_id(connection, organization_id, contract_id)
    if contract is None:
        raise NotFound("there is no such contract in your organization", remedy="the list of contracts shows the ids")
    return _whole(connection, organization_id, contract)


def _whole(connection: Connection, organization_id: int, contract: dict[str, Any]) -> dict[str, Any]:
    own = (connection, organization_id, contract["contract_id"])
    return {
        **contract,
        "versions": contract_lists.versions(*own),
        "obligations": contract_lists.obligations(*own),
        "events": contract_lists.events(connection, organization_id, contract["project_id"], contract["contract_id"]),
        "meter_tests": contract_lists.meter_tests(*own),
    }
