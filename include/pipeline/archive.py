"""Takes in a vendor's answer that was stored outside the lake, with the request that once brought it.

Without its request an answer is not interpretable: the path says which series it holds, and for some vendors a query
parameter says in which unit.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from include.core.clock import zone
from include.core.errors import ConfigurationError, NotFound
from include.core.records import Answer, Site
from include.pipeline import accounts
from include.pipeline.land import land_answer
from include.warehouse import sites
from include.warehouse.database import connect

# old requests carried the account's key in the query; it must not be stored
SECRET_NAMES = frozenset(
    {"access_token", "account_key", "api_key", "apikey", "client_secret", "key", "password", "pwd", "token"}
)
REQUEST_FORM = "Give the path and query below the vendor's base URL, such as '/site/1/energyDetails?timeUnit=HOUR'."


def land_archived(
    path: Path,
    *,
    organization_id: int,
    source_system: str,
    external_site_id: str,
    request: str,
    fetched_at: datetime | None = None,
    time_zone: str = "",
) -> dict[str, Any]:
    """Land a stored answer of a vendor's site; returns the ledger row, `duplicate` when it is known.

    request:    path and query, or the request record as JSON with `method`, `path`, `query` and, of a post, `json`
    fetched_at: when the answer was fetched; intervals that were open then are left out. Unset, all count as closed.
    time_zone:  instead of the registered site's zone, or where the site is not registered
    """
    record = request_record(request, fetched_at or datetime.now(UTC))
    site = _site(organization_id, source_system, external_site_id, time_zone)
    return land_answer(Answer(path.read_bytes(), record, "application/json"), site)


def request_record(text: str, fetched_at: datetime) -> dict[str, Any]:
    """The record of a request, without secrets."""
    if fetched_at.tzinfo is None:
        raise ConfigurationError("the time of fetching has no offset", remedy="such as 2026-11-20T10:00:00+00:00")
    given = _from_json(text) if text.lstrip().startswith("{") else _from_url(text)
    if not str(given.get("path") or "").startswith("/") or not isinstance(given.get("query") or {}, dict):
        raise ConfigurationError(f"{given.get('path')!r} is no path of a request", remedy=REQUEST_FORM)
    query = {name: value for name, value in (given.get("query") or {}).items() if name.lower() not in SECRET_NAMES}
    record = {
        "method": given.get("method") or "GET",
        "path": given["path"],
        "query": query,
        "fetched_at": fetched_at.astimezone(UTC).isoformat(),
        "status": 200,
    }
    return record | ({"json": given["json"]} if "json" in given else {})


def _from_url(text: str) -> dict[str, Any]:
    """Path and query of an address; a parameter that is repeated becomes a list."""
    parts = urlsplit(text.strip())
    values = parse_qs(parts.query, keep_blank_values=True)
    return {"path": parts.path, "query": {name: one if len(one) > 1 else one[0] for name, one in values.items()}}


def _from_json(text: str) -> dict[str, Any]:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError("the request is no complete JSON", remedy=REQUEST_FORM) from error


def _site(organization_id: int, source_system: str, external_site_id: str, time_zone: str) -> Site:
    """The registered site, or one that exists for this answer only where the zone is given."""
    accounts.vendor(source_system)
    if time_zone:
        zone(time_zone)
    with connect() as connection:
        rows = sites.find(connection, source_system, external_site_id, organization_id)
    if rows:
        site = sites.as_record(rows[0])
        return replace(site, time_zone=time_zone) if time_zone else site
    if not time_zone:
        raise NotFound(
            f"the organization has no {source_system} site {external_site_id!r}",
            remedy="Register it with `sunledger sites apply`, or give the zone of its local times.",
        )
    return Site(organization_id, source_system, external_site_id, external_site_id, time_zone)
