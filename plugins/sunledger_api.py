"""Sunledger's HTTP APIs inside Airflow's web server: `/api/ingest` takes data, `/api/oauth` connects accounts.

Pages for people under `/sunledger` use both: Upload and Loads stand in the frame of Airflow's UI; Connect opens a
window of its own, because the frame lets no vendor's window open.

Airflow's own API stays under `/api/v2`; its server opens and closes what the apps keep open, in every worker.
"""

from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import HTTPException, Request

from include.api import app, console, oauth
from include.orchestration import runs


async def user_of(request: Request) -> str | None:
    """The name of the person whose Airflow login comes with a request."""
    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        return None
    return user.get_name()


class SunledgerApi(AirflowPlugin):
    """Mounts all three; people find the pages in the UI's navigation."""

    name = "sunledger_api"
    fastapi_apps = (
        {"app": oauth.create_app(user_of), "url_prefix": oauth.PREFIX, "name": "Sunledger OAuth connect"},
        {"app": app.create_app(user_of, runs.start), "url_prefix": app.PREFIX, "name": "Sunledger ingest API"},
        {"app": console.create_app(user_of), "url_prefix": console.PREFIX, "name": "Sunledger pages"},
    )
    external_views = (
        {
            "name": "Upload",
            "href": f"{console.PREFIX}/upload",
            "url_route": "sunledger-upload",
            "destination": "nav",
            "category": "Sunledger",
        },
        {"name": "Connect", "href": f"{console.PREFIX}/connect", "destination": "nav", "category": "Sunledger"},
        {
            "name": "Loads",
            "href": f"{console.PREFIX}/loads",
            "url_route": "sunledger-loads",
            "destination": "nav",
            "category": "Sunledger",
        },
        {
            "name": "Evidence",
            "href": f"{console.PREFIX}/evidence",
            "url_route": "sunledger-evidence",
            "destination": "nav",
            "category": "Sunledger",
        },
        {"name": "Ingest API", "href": f"{app.PREFIX}/docs", "destination": "nav", "category": "docs"},
    )
