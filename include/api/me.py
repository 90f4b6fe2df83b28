"""Who a caller is and for whom it may act, and which vendors accounts can be connected with."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from include.api import schemas
from include.api.callers import SCOPES_OF_ROLES, Caller, known, needs
from include.pipeline import accounts, entered_secrets
from include.pipeline import connect as browser
from include.warehouse import members
from include.warehouse.database import connect

router = APIRouter(tags=["who you are"])


class Membership(BaseModel):
    """An organization that the caller may act for."""

    organization_id: int
    name: str
    role: str | None = Field(description="viewer, member, admin or owner; null for a key.")
    scopes: list[str]


class Me(BaseModel):
    """The caller."""

    user: str = Field(description="The name of the login, or `key:` and the number of the key.")
    organizations: list[Membership]


class AccountKind(BaseModel):
    """One way to hold an account by entering a secret."""

    auth_type: str
    fields: list[str]
    optional_fields: list[str]


class Vendor(BaseModel):
    """A vendor whose accounts can be read."""

    source_system: str
    in_browser: bool = Field(description="Whether the owner can allow access in the browser.")
    accounts: list[AccountKind]


class Vendors(BaseModel):
    """All vendors."""

    items: list[Vendor]


@router.get(
    "/me",
    summary="Show who you are",
    responses={status: schemas.COMMON[status] for status in (401, 429)},
)
def me(who: Annotated[Caller | str, Depends(known)]) -> Me:
    """The organizations of a person with the role in each; of a key its one. No other route tells them."""
    if isinstance(who, Caller):
        with connect() as connection:
            name = members.organization_name(connection, who.organization_id)
        own = Membership(organization_id=who.organization_id, name=name, role=None, scopes=sorted(who.scopes))
        return Me(user=who.name, organizations=[own])
    with connect() as connection:
        rows = members.of_user(connection, who)
    return Me(
        user=who,
        organizations=[
            Membership(
                organization_id=row["organization_id"],
                name=row["organization"],
                role=row["role"],
                scopes=sorted(SCOPES_OF_ROLES[row["role"]]),
            )
            for row in rows
        ],
    )


@router.get("/vendors", summary="List the vendors", responses=schemas.COMMON, dependencies=[Depends(needs("status"))])
def vendors() -> Vendors:
    """How an account of each is connected: in the browser, or by entering these fields."""
    in_browser = browser.connectable()
    return Vendors(
        items=[
            Vendor(
                source_system=name,
                in_browser=name in in_browser,
                accounts=[
                    AccountKind(auth_type=kind, fields=list(fields.needed), optional_fields=list(fields.optional))
                    for kind, fields in entered_secrets.kinds(name).items()
                ],
            )
            for name in accounts.vendors()
        ]
    )
