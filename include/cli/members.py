"""`sunledger members`: who may act for an organization, by the name of their Airflow login."""

import getpass
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Users who may act for an organization, such as connect its accounts.")

Organization = Annotated[str, typer.Argument(help="Name or id of the organization.")]
User = Annotated[str, typer.Argument(help="Name of the user as the login gives it.")]


@app.command()
def add(
    organization: Organization,
    user: User,
    role: Annotated[str, typer.Option(help="viewer, member, admin or owner.")] = "member",
) -> None:
    """Make a user a member, or give a member another role."""
    from include.core.errors import ConfigurationError
    from include.warehouse import audit, members, registry
    from include.warehouse.database import connect

    if role not in members.ROLES:
        raise ConfigurationError(f"there is no role {role!r}", remedy=f"the roles are {', '.join(members.ROLES)}")
    if not user.strip() or not user.isprintable():
        raise ConfigurationError("the user's name is empty or cannot be shown")
    with connect() as connection:
        organization_id = registry.organization_id(connection, organization)
        members.put(connection, organization_id, user, role)
        audit.record(
            connection,
            actor=getpass.getuser(),
            action="add_member",
            subject=f"user {user}",
            organization_id=organization_id,
            details={"role": role},
        )
    output.console.print(f"{user} is {role} of organization {organization_id}", markup=False)


@app.command()
def remove(organization: Organization, user: User) -> None:
    """End a membership."""
    from include.warehouse import audit, members, registry
    from include.warehouse.database import connect

    with connect() as connection:
        organization_id = registry.organization_id(connection, organization)
        members.remove(connection, organization_id, user)
        audit.record(
            connection,
            actor=getpass.getuser(),
            action="remove_member",
            subject=f"user {user}",
            organization_id=organization_id,
        )
    output.console.print(f"{user} is no member of organization {organization_id} any more", markup=False)


@app.command("list")
def list_members(
    organization: Annotated[str, typer.Option(help="Only those of one organization, by name or id.")] = "",
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the members and their roles."""
    from include.warehouse import members, registry
    from include.warehouse.database import connect

    with connect() as connection:
        chosen = registry.organization_id(connection, organization) if organization else None
        rows = members.listed(connection, chosen)
    columns = ("organization_id", "organization", "user_name", "role", "created_at")
    output.as_json(rows) if json else output.as_table(rows, columns, "members")
