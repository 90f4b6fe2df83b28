"""Who calls: a client with a key, or a person with Airflow's login. Either acts for exactly one organization.

A client's organization comes from its key, a person's from the header `X-Organization-ID` and a membership; what a
body says of it counts nothing. The header also keeps foreign pages from using a person's session.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from include.api import allowances, bodies
from include.api.problems import Problem
from include.core import settings
from include.warehouse import api_keys, members
from include.warehouse.database import connect

log = logging.getLogger(__name__)

UserOf = Callable[[Request], Awaitable[str | None]]

PERSON_CALLS_PER_MINUTE = 600
SCOPES_OF_ROLES = {
    "viewer": frozenset({"status", "evidence", "contracts_read"}),
    "member": frozenset({"status", "meter_data", "billing_reads", "sites", "evidence", "contracts_read"}),
    "admin": frozenset(api_keys.SCOPES),
    "owner": frozenset(api_keys.SCOPES),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A known caller; `name` stands in the audit trail, `source_system` binds a key to one source."""

    name: str
    organization_id: int
    scopes: frozenset[str]
    source_system: str | None = None
    role: str = ""

    def may_send(self, source_system: str) -> None:
        """Raise unless the caller may deliver data of this source."""
        if self.source_system not in {None, source_system}:
            raise Problem(
                403,
                "E605_KEY_BOUND",
                f"this key is for {self.source_system} data, not for {source_system}",
                "use the key of that source",
            )


BEARER = HTTPBearer(auto_error=False, description="An API key, or nothing inside the Airflow UI.")


async def known(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)] = None
) -> Caller | str:
    """The client of a key, or the name of the person whose session comes along; the request is counted."""
    text = bearer.credentials if bearer else ""
    who: Caller | str
    if text.startswith(f"{api_keys.BRAND}_"):
        who = await run_in_threadpool(_client, text, request)
    else:
        who = await _user(request)
    bodies.known_query(request)
    return who


async def identify(
    who: Annotated[Caller | str, Depends(known)],
    organization: Annotated[
        str | None, Header(alias="X-Organization-ID", description="For people: the organization to act for.")
    ] = None,
) -> Caller:
    """Find out who calls, and for whom; every route but the health check depends on this."""
    if isinstance(who, Caller):
        return who
    return await run_in_threadpool(_person, who, organization)


def needs(scope: str) -> Callable[..., Caller]:
    """A dependency that lets callers with this scope in."""

    def check(caller: Annotated[Caller, Depends(identify)]) -> Caller:
        if scope not in caller.scopes:
            raise Problem(
                403,
                "E604_SCOPE_MISSING",
                f"this needs the scope {scope}; you have {', '.join(sorted(caller.scopes)) or 'none'}",
                "ask an administrator of your organization for a key with that scope",
            )
        return caller

    return check


def people(least: str) -> Callable[..., Caller]:
    """A dependency that lets people in whose role is this one or a higher one, and no keys."""

    def check(caller: Annotated[Caller, Depends(identify)]) -> Caller:
        if not caller.role:
            raise Problem(403, "E612_PEOPLE_ONLY", "a key may not do this", f"log in as {least} of the organization")
        if not members.may(caller.role, least):
            raise Problem(
                403, "E503_NOT_ALLOWED", f"your role is {caller.role}", f"ask one who is {least} of the organization"
            )
        return caller

    return check


def stranger(request: Request) -> None:
    """A dependency of routes without a caller: count the request against its address."""
    _count_address(request)
    bodies.known_query(request)


async def _user(request: Request) -> str:
    user_of: UserOf = request.app.state.user_of
    user = await user_of(request)
    if user is None:
        await run_in_threadpool(_count_address, request)
        raise _unknown()
    await run_in_threadpool(_count, request, f"user:{user}", PERSON_CALLS_PER_MINUTE)
    return user


def _count_address(request: Request) -> None:
    _count(request, f"address:{_address(request)}", settings.calls_per_minute_per_address())


def _count(request: Request, who: str, limit: int) -> None:
    with connect() as connection:
        hits = connection.execute("select ops.count_request(%s) as hits", [who]).fetchone()["hits"]
    allowances.note(request, hits, limit)


def _client(text: str, request: Request) -> Caller:
    with connect() as connection:
        key, hits, address_hits = api_keys.find(connection, text, _address(request))
        if key:
            api_keys.note_use(connection, key["api_key_id"])
    allowances.note(request, address_hits, settings.calls_per_minute_per_address())
    if key is None:
        raise _unknown()
    allowances.note(request, hits, key["calls_per_minute"])
    return Caller(
        name=f"key:{key['api_key_id']}",
        organization_id=key["organization_id"],
        scopes=frozenset(key["scopes"]),
        source_system=key["source_system"],
    )


def _person(user: str, organization: str | None) -> Caller:
    if not organization or not organization.isascii() or not organization.isdigit() or len(organization) > 18:
        raise Problem(
            400,
            "E602_NO_ORGANIZATION",
            "the header X-Organization-ID names no organization",
            "send the number of the organization you act for",
        )
    with connect() as connection:
        role = next(
            (row["role"] for row in members.of_user(connection, user) if row["organization_id"] == int(organization)),
            None,
        )
    if role is None:
        raise Problem(404, "E002_NOT_FOUND", "there is no such organization", "ask to be made a member of it")
    return Caller(f"user:{user}", int(organization), SCOPES_OF_ROLES[role], role=role)


def _unknown() -> Problem:
    # a wrong, an expired and a revoked key look the same from outside
    return Problem(
        401,
        "E603_UNKNOWN_CALLER",
        "no valid API key and no login came with the request",
        "send `Authorization: Bearer <api key>`",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
