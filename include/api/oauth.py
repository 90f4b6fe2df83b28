"""Connecting vendor accounts in the browser; a plugin mounts it in Airflow's API server under `/api/oauth`.

`POST /state` opens a request for consent, `GET /callback` takes the vendor's answer, and `GET /` is a page that does
both in a popup. All need Airflow's login; what a user may do follows from the membership in an organization. Errors
are problem documents, on the callback pages in plain words.
"""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from include.api import bodies, problems
from include.api.callers import UserOf
from include.api.problems import Problem
from include.core import settings
from include.core.errors import (
    AuthFailed,
    BadRequest,
    Conflict,
    ConsentRefused,
    NotFound,
    SunledgerError,
    VendorError,
)
from include.pipeline import connect, connect_pages

PREFIX = "/api/oauth"
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
LOGIN, FAILED = "You are not logged in", "The account is not connected"

router = APIRouter()


class Wanted(BaseModel):
    """Which account to connect; nothing else may be said."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    organization_id: int | None = None
    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""

    @field_validator("label")
    @classmethod
    def refuse_control_characters(cls, label: str) -> str:
        """A label is shown in tables and logs."""
        if not label.isprintable():
            raise ValueError("the label holds characters that cannot be shown")
        return label


async def logged_in(request: Request) -> str:
    """The name of the user whose login comes with a request."""
    user = await request.app.state.user_of(request)
    if user is None:
        raise Problem(
            401,
            "E603_UNKNOWN_CALLER",
            "Your login has expired, or you have not logged in yet.",
            "Log in and try again.",
        )
    return user


User = Annotated[str, Depends(logged_in)]


def create_app(user_of: UserOf) -> FastAPI:
    """Make the app; `user_of` tells the name of the person whose session a request carries, or None."""
    app = FastAPI(title="Sunledger OAuth connect", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.user_of = user_of
    app.middleware("http")(protect)
    problems.install(app, answer=_refusal, of_error=_in_own_words)
    app.include_router(router)
    return app


@router.post("/state")
def begin(user: User, wanted: Annotated[Wanted, Depends(bodies.of(Wanted))]) -> dict[str, str]:
    """Open a request for consent: where to send the owner, and until when the answer is awaited."""
    organization_id = wanted.organization_id
    if organization_id is None:
        organization_id = _only_organization(user)
    begun = connect.begin(user, wanted.source, organization_id, wanted.label)
    return {"authorize_url": begun.authorize_url, "expires_at": begun.expires_at.isoformat()}


@router.get("/callback")
def callback(request: Request, user: User) -> HTMLResponse:
    """Take the vendor's answer and say what became of it."""
    connected = connect.finish(user, request.query_params.multi_items())
    name = f"{connected.source_system} “{connected.label}”" if connected.label else connected.source_system
    return _page(
        "result.html",
        title="The account is connected",
        sentences=[f"Sunledger reads {name} from now on.", "You can close this window."],
        outcome="connected",
        connected=connected,
    )


@router.get("/")
def start(user: User) -> HTMLResponse:
    """A page to choose what to connect, which opens the vendor's page in a popup."""
    return _page(
        "start.html",
        scripts=("consent.js", "start.js"),
        title="Connect an account",
        user_name=user,
        organizations=connect.organizations(user),
        sources=connect.connectable(),
    )


async def protect(request: Request, call_next: Any) -> Response:
    """Nothing of this is cached, sent on as a referrer, or written to the access log with its query."""
    return _protected(request, await call_next(request))


def _protected(request: Request, response: Response) -> Response:
    response.headers.update(HEADERS)
    # the log reads it after the answer; by then it is used up, and a code has no place in a log
    request.scope["query_string"] = b""
    return response


def _only_organization(user: str) -> int:
    found = connect.organizations(user)
    if len(found) > 1:
        raise Conflict("you belong to several organizations", remedy="Name the organization_id of the one you mean.")
    if not found:
        raise NotFound("you are no member of an organization", remedy="Ask its owner to make you a member of it.")
    return found[0]["organization_id"]


def _in_own_words(error: SunledgerError) -> Problem:
    """A named error for a person; the vendor's words stay in the log."""
    problem = problems.of_error(error)
    if isinstance(error, ConsentRefused):
        status = {"access_denied": 403, "server_error": 502, "temporarily_unavailable": 502}.get(error.reason, 400)
        return Problem(status, error.code, _sentence(error.message), error.remedy)
    if isinstance(error, AuthFailed | BadRequest):
        said = ("The vendor does not take the code that it sent.", "Begin again; a code is good for some minutes only.")
        return Problem(400, error.code, *said)
    if isinstance(error, VendorError):
        return Problem(502, error.code, "The vendor does not answer as it should.", "Begin again in some minutes.")
    if problem.status == 500:
        return Problem(500, error.code, problems.OWN_FAULT, "Tell the operator the code below and when it happened.")
    return Problem(problem.status, error.code, _sentence(error.message), error.remedy)


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."


def _refusal(problem: Problem, request: Request) -> Response:
    """A page where a person looks, a problem document where a program asks."""
    if request.method != "GET":
        return _protected(request, problems.document(problem, request))
    is_login = problem.status == 401
    page = _page(
        "result.html",
        problem.status,
        title=LOGIN if is_login else FAILED,
        sentences=[sentence for sentence in (problem.detail, problem.remedy) if sentence],
        outcome="login" if is_login else "failed",
        links=[_login_link(request)] if is_login else [{"href": "./", "text": "Begin again"}],
        code="" if is_login else problem.code,
    )
    return _protected(request, page)


def _login_link(request: Request) -> dict[str, str]:
    """To Airflow's login, which comes back here; the vendor's answer waits in the window, see `result.js`."""
    page = "callback" if request.url.path.endswith("/callback") else ""
    back = urlencode({"next": f"{settings.public_url()}{PREFIX}/{page}"})
    return {"href": f"{settings.public_url()}/api/v2/auth/login?{back}", "text": "Log in"}


def _page(template: str, status: int = 200, scripts: Sequence[str] = ("result.js",), **fields: Any) -> HTMLResponse:
    text, policy = connect_pages.render(template, scripts, fields)
    return HTMLResponse(text, status, headers={"Content-Security-Policy": policy})
