"""Registers what a YAML file describes: an organization, its plants, meters, devices, accounts and column maps.

Applying a file again changes nothing; what the file does not name stays as it is.
"""

import os
from typing import Any

from include.core.errors import ConfigurationError
from include.pipeline import credentials, entered_secrets
from include.warehouse import files, members, registry
from include.warehouse.database import Connection, connect

PROJECT_FIELDS = (
    "name", "external_project_id", "country", "time_zone", "latitude", "longitude", "installed_dc_capacity_kwp",
    "installed_ac_capacity_kw", "cod_date", "technical_specs",
)  # fmt: skip
METER_FIELDS = (
    "name", "meter_type", "metering_type", "serial_number", "model", "rated_power_w", "register_modulus_wh",
    "reading_interval_seconds", "preferred_source_system",
)  # fmt: skip


def apply(document: dict[str, Any]) -> dict[str, int]:
    """Register a whole document in one transaction; returns how many of each kind it names."""
    counts = dict.fromkeys(("projects", "meters", "devices", "accounts", "sites", "column_maps", "members"), 0)
    with connect() as connection:
        organization = registry.put_organization(connection, _organization(document))
        projects = {}
        for project in _items(document, "projects"):
            projects[project.get("name")] = _put_project(connection, organization, project, counts)
        for account in _items(document, "accounts"):
            _put_account(connection, organization, account, projects, counts)
        for source_system, hints in (document.get("column_maps") or {}).items():
            files.store_hints(connection, organization, source_system, _checked_hints(source_system, hints))
            counts["column_maps"] += 1
        for member in _items(document, "members"):
            _put_member(connection, organization, member)
            counts["members"] += 1
    return {"organization_id": organization, **counts}


def _organization(document: dict[str, Any]) -> dict[str, Any]:
    organization = document.get("organization")
    if isinstance(organization, str):
        organization = {"name": organization}
    if not isinstance(organization, dict) or not organization.get("name"):
        raise ConfigurationError("the document names no organization", remedy="begin with `organization: <name>`")
    return _picked(organization, ("name", "country"), "organization")


def _put_project(connection: Connection, organization: int, project: dict, counts: dict[str, int]) -> int:
    values = _picked(project, (*PROJECT_FIELDS, "meters"), "project")
    meters = values.pop("meters", None) or []
    project_id = registry.put_project(connection, {"organization_id": organization, **values})
    counts["projects"] += 1
    for meter in meters:
        values = _picked(meter, (*METER_FIELDS, "devices"), "meter")
        devices = values.pop("devices", None) or []
        meter_id = registry.put_meter(connection, {"organization_id": organization, "project_id": project_id, **values})
        counts["meters"] += 1
        for device in devices:
            _put_device(connection, organization, meter_id, device)
            counts["devices"] += 1
    return project_id


def _put_device(connection: Connection, organization: int, meter_id: int, device: dict) -> None:
    values = _picked(device, ("source", "site", "device"), "device")
    registry.put_device(
        connection,
        {
            "organization_id": organization,
            "meter_id": meter_id,
            "source_system": values["source"],
            "external_site_id": str(values["site"]),
            "external_device_id": str(values.get("device") or ""),
        },
    )


def _put_account(connection: Connection, organization: int, account: dict, projects: dict, counts: dict) -> None:
    values = _picked(
        account,
        ("source", "label", "auth_type", "secret_env", "calls_per_minute", "monthly_credits", "sites"),
        "account",
    )
    credential_id = _put_credential(connection, organization, values)
    counts["accounts"] += 1
    for site in values.get("sites") or []:
        fields = _picked(site, ("site", "name", "project", "time_zone", "series", "sync_interval_minutes"), "site")
        registry.put_integration_site(
            connection,
            {
                "organization_id": organization,
                "credential_id": credential_id,
                "project_id": projects.get(fields.pop("project", None)),
                "source_system": values["source"],
                "external_site_id": str(fields.pop("site")),
                **fields,
            },
        )
        counts["sites"] += 1


def _put_credential(connection: Connection, organization: int, account: dict) -> int:
    """Store the secret that an environment variable holds, as `credentials add` does; a known one keeps its id."""
    owner = credentials.Account(organization, account["source"], account.get("label", ""))
    limits = {name: account.get(name) for name in ("calls_per_minute", "monthly_credits")}
    text = os.environ.get(account.get("secret_env") or "")
    if text:
        auth_type, secret = entered_secrets.read_secret(owner.source_system, account.get("auth_type", ""), text)
        return credentials.enter_again(connection, owner, auth_type, secret, "sites apply", limits)
    known = registry.find_credential(connection, *owner)
    if known is None:
        raise ConfigurationError(
            f"{account.get('secret_env') or 'secret_env'} is not set",
            remedy="export the account's secret in it, or enter the account with `sunledger credentials add` first",
        )
    return known["credential_id"]


def _put_member(connection: Connection, organization: int, member: dict) -> None:
    values = _picked(member, ("user", "role"), "member")
    role = values.get("role", "member")
    if not values.get("user") or role not in members.ROLES:
        raise ConfigurationError("a member needs a user and a role", remedy=f"the roles are {', '.join(members.ROLES)}")
    members.put(connection, organization, str(values["user"]), role)


def _checked_hints(source_system: str, hints: dict[str, Any]) -> dict[str, Any]:
    from dataclasses import fields

    from include.core.records import FileHints

    allowed = {field.name for field in fields(FileHints)} - {"organization_id", "site_time_zones"}
    return _picked(hints, tuple(sorted(allowed)), f"column map of {source_system}")


def _items(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = document.get(name) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ConfigurationError(f"`{name}` must be a list")
    return items


def _picked(values: dict[str, Any], allowed: tuple[str, ...], what: str) -> dict[str, Any]:
    unknown = sorted(set(values) - set(allowed))
    if unknown:
        raise ConfigurationError(
            f"a {what} has no field {', '.join(unknown)}", remedy=f"the fields are {', '.join(allowed)}"
        )
    return dict(values)
