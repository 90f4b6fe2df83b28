"""Pages for people: upload files, connect accounts, look after deliveries; mounted under `/sunledger`.

The pages hold no data and run nothing but their own files; what they show they ask of the ingest API, with the login
of the person who looks at them. A page may stand in a frame of our own origin, as Airflow shows it.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.api import loads, problems
from include.api.callers import UserOf
from include.core import settings
from include.lake import keys
from include.pipeline import connect_pages

PREFIX = "/sunledger"
PAGES = Path(__file__).parent / "pages"
STATUSES = get_args(loads.Status)
TITLES = {"upload": "Upload", "connect": "Connect", "loads": "Loads", "evidence": "Evidence"}
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    # kept, but asked for each time whether it is still the same
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Page = Literal["upload", "connect", "loads", "evidence"]


class Text(NamedTuple):
    """What is sent for a name, the same for everybody."""

    content: bytes
    media_type: str
    etag: str


def create_app(user_of: UserOf) -> FastAPI:
    """Make the app; `user_of` tells the name of the person whose session a request carries, or None."""
    app = FastAPI(title="Sunledger pages", docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)

    @app.get("/")
    def home() -> Response:
        return RedirectResponse("upload", 303, {"Cache-Control": "no-store"})

    @app.get("/{page}")
    async def page(request: Request, page: Page) -> Response:
        if await user_of(request) is None:
            return RedirectResponse(_login(page), 303, {"Cache-Control": "no-store"})
        return _sent(request, _page(page))

    @app.get("/static/{name}")
    def file(request: Request, name: str) -> Response:
        text = _files().get(name)
        if text is None:
            raise problems.Problem(404, "E002_NOT_FOUND", "there is no such file", "reload the page")
        return _sent(request, text)

    return app


def _login(page: str) -> str:
    """Airflow's login, which comes back to the page."""
    address = settings.public_url()
    return f"{address}/api/v2/auth/login?{urlencode({'next': f'{address}{PREFIX}/{page}'})}"


def _sent(request: Request, text: Text) -> Response:
    headers = HEADERS | {"ETag": text.etag}
    if request.headers.get("if-none-match") == text.etag:
        return Response(status_code=304, headers=headers)
    return Response(text.content, media_type=text.media_type, headers=headers)


@cache
def _page(name: str) -> Text:
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    shown = {"name": name, "titles": TITLES, "sources": keys.INBOX_SOURCES, "statuses": STATUSES}
    text = pages.get_template(f"{name}.html").render(shown)
    return _text(text.encode(), "text/html")


@cache
def _files() -> dict[str, Text]:
    """Every script and style by its name; nothing else of the folder can be asked for."""
    ours = [path for path in PAGES.iterdir() if path.suffix in MEDIA_TYPES]
    paths = [*ours, connect_pages.PAGES / "consent.js"]
    return {path.name: _text(path.read_bytes(), MEDIA_TYPES[path.suffix]) for path in paths}


def _text(content: bytes, media_type: str) -> Text:
    return Text(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
