"""Who may act for an organization: users by the name that their login gives them, each with a role."""

from typing import Any

from include.core.errors import NotFound
from include.warehouse.database import Connection

ROLES = ("viewer", "member", "admin", "owner")  # each may do what those before it may


def put(connection: Connection, organization_id: int, user_name: str, role: str) -> None:
    """Make a user a member, or give a member another role."""
    connection.execute(
        """
        insert into core.membership (organization_id, user_name, role) values (%s, %s, %s)
        on conflict (organization_id, user_name) do update set role = excluded.role
        """,
        [organization_id, user_name, role],
    )


def remove(connection: Connection, organization_id: int, user_name: str) -> None:
    """End a membership."""
    ended = connection.execute(
        "delete from core.membership where organization_id = %s and user_name = %s returning user_name",
        [organization_id, user_name],
    ).fetchone()
    if ended is None:
        raise NotFound(f"{user_name!r} is no member of organization {organization_id}")


def listed(connection: Connection, organization_id: int | None = None) -> list[dict[str, Any]]:
    """All members, or those of one organization."""
    return connection.execute(
        """
        select m.organization_id, o.name as organization, m.user_name, m.role, m.created_at
        from core.membership as m
        inner join core.organization as o on m.organization_id = o.organization_id
        where %(organization)s::bigint is null or m.organization_id = %(organization)s
        order by o.name, m.user_name
        """,
        {"organization": organization_id},
    ).fetchall()


def of_user(connection: Connection, user_name: str) -> list[dict[str, Any]]:
    """The organizations of a user with the role in each, by name."""
    return connection.execute(
        """
        select m.organization_id, o.name as organization, m.role
        from core.membership as m
        inner join core.organization as o on m.organization_id = o.organization_id
        where m.user_name = %s
        order by o.name
        """,
        [user_name],
    ).fetchall()


def organization_name(connection: Connection, organization_id: int) -> str:
    """What an organization is called."""
    row = connection.execute(
        "select name from core.organization where organization_id = %s", [organization_id]
    ).fetchone()
    if row is None:
        raise NotFound(f"there is no organization {organization_id}")
    return row["name"]


def may(role: str, least: str) -> bool:
    """Whether a role may do what the least role for it may."""
    return ROLES.index(role) >= ROLES.index(least)
