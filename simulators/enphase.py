"""Stand-in for the Enphase API v4, with two systems that replay a recorded roof.

Run:       `python -m simulators.enphase --port 8101 [--seed 7] [--now 2026-11-20T10:00:00+00:00]`
Account:   consent page `/oauth/authorize`, tokens `/oauth/token` (parameters in the query or a form, application by
           HTTP Basic; grants authorization_code, refresh_token and password). Every call needs the token and the
           application's key, in the header `key` or as query parameter `key`.
Control:   `/_control/faults` and `/_control/requests` (see `faults.py`), `/_control/oauth...` (see `oauth.py`),
           `/_control/restate`, `/_control/silence` and `/_control/clock`; none of them needs a key or costs a call.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from simulators.enphase_limits import Quota
from simulators.enphase_lists import add_lists
from simulators.enphase_plants import FORBIDDEN_SYSTEM, PLANTS, Plant, Readings
from simulators.enphase_telemetry import Refusal, add_telemetry
from simulators.faults import CONTROL, Faults, Script, router
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Authority, Grant
from simulators.oauth_routes import basic_client, consent_page, form_of, oauth_control, refuse_plainly
from simulators.server import Clock, arguments, serve

DEMO_KEY = "sunledger-demo-enphase-key"
DEMO_USER, DEMO_PASSWORD = "installer@example.com", "sunledger-demo-enphase-password"
OWNER = "owner"
TOKEN_LIFE = timedelta(seconds=86_393)


def create_app(
    seed: int = 0,
    clock: Clock | None = None,
    *,
    api_key: str = DEMO_KEY,
    client_id: str = DEMO_CLIENT_ID,
    client_secret: str = DEMO_CLIENT_SECRET,
    calls_per_minute: int = 10,
    calls_per_month: int = 1000,
    largest_page: int = 100,
) -> FastAPI:
    """Build the simulator; its answers depend on the seed, the clock and the control calls only."""
    app = FastAPI(title="Enphase simulator", docs_url=None, redoc_url=None, openapi_url=None)
    clock = clock or Clock()
    readings = Readings(seed, clock)
    app.state.quota = quota = Quota(clock, calls_per_minute, calls_per_month, "Watt")
    app.state.authority = authority = Authority(
        clock,
        "Enphase",
        client_id=client_id,
        client_secret=client_secret,
        subjects={OWNER: "All my systems", **{str(plant.system_id): plant.name for plant in PLANTS.values()}},
        users={DEMO_USER: DEMO_PASSWORD},
        grant_types=frozenset({"authorization_code", "refresh_token", "password"}),
        token_life=TOKEN_LIFE,
        refresh_life=timedelta(days=30),
        token_extras=_extras,
    )
    script = Script()
    app.add_middleware(Faults, script=script)
    for part in (router(script), oauth_control(authority), consent_page(authority, "/oauth/authorize")):
        app.include_router(part)

    def account(request: Request, authorization: Annotated[str, Header()] = "") -> None:
        key = request.headers.get("key") or request.query_params.get("key")
        request.state.grant = authority.grant_of(authorization)
        if request.state.grant is None or not key:
            raise Refusal(401, "Not Authorized", "User is not authorized")
        if key != api_key:
            raise Refusal(401, "Not Authorized", "API Key -Client mismatch")
        if body := quota.charge():
            refusal = Refusal(429, "Too Many Requests", "")
            refusal.body = body
            raise refusal

    def plant_of(system_id: int, request: Request) -> Plant:
        if system_id not in {*PLANTS, FORBIDDEN_SYSTEM}:
            raise Refusal(404, "Not Found", f'System not found for {{:id=>"{system_id}"}}')
        if str(system_id) not in _visible(request.state.grant):
            raise Refusal(403, "Forbidden", "Not authorized to access this resource")
        return PLANTS[system_id]

    def plants_of(request: Request) -> list[Plant]:
        return [plant for plant in PLANTS.values() if str(plant.system_id) in _visible(request.state.grant)]

    _add_token_endpoint(app, authority)
    _add_errors(app)
    _add_control(app, readings, clock)
    needs = [Depends(account)]
    add_lists(app, needs, readings, plant_of, plants_of, largest_page)
    add_telemetry(app, needs, readings, plant_of)

    @app.get("/api/v4/{path:path}", dependencies=needs)
    def unknown(path: str) -> JSONResponse:
        return JSONResponse({"reason": "501", "message": ["Not Implemented"]}, 501)

    return app


def _visible(grant: Grant) -> set[str]:
    """The systems that an owner chose; an installer and an owner of everything see all."""
    everything = {str(system_id) for system_id in PLANTS}
    return everything & {grant.subject} or everything


def _extras(grant: Grant) -> dict[str, Any]:
    """What the vendor's token answer holds beside RFC 6749."""
    return {
        "scope": "read write",
        "enl_uid": "3141592",
        "enl_cid": "27182",
        "enl_password_last_changed": "1657080000",
        "is_internal_app": False,
        "app_type": "partner" if grant.kind == "password" else "system",
        "jti": "00000000-0000-4000-8000-000000000000",
    }


def _add_token_endpoint(app: FastAPI, authority: Authority) -> None:
    refuse_plainly(app)

    @app.post("/oauth/token")
    async def token(request: Request, authorization: Annotated[str, Header()] = "") -> dict[str, Any]:
        fields = {**await form_of(request), **request.query_params}
        return authority.token({**fields, **basic_client(authorization)})


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    def refusal(request: Request, error: Refusal) -> JSONResponse:
        return JSONResponse(error.body, error.status)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        where = error.errors()[0]["loc"][-1]
        return refusal(request, Refusal(422, "Unprocessable Entity", f"Failed to parse {where}"))

    @app.exception_handler(HTTPException)
    def other(request: Request, error: HTTPException) -> JSONResponse:
        word = "Method not allowed" if error.status_code == 405 else str(error.detail)
        return JSONResponse({"reason": str(error.status_code), "message": [word]}, error.status_code)


def _add_control(app: FastAPI, readings: Readings, clock: Clock) -> None:
    @app.post(CONTROL + "/restate")
    def restate(system_id: int, hours_back: int = 36, factor: str = "1.1") -> dict[str, Any]:
        return readings.restate(PLANTS[system_id], hours_back, factor)

    @app.post(CONTROL + "/silence")
    def silence(system_id: int, since: datetime | None = None) -> dict[str, Any]:
        if since is None:
            readings.silent_since.pop(system_id, None)
        else:
            readings.silent_since[system_id] = since
        return {"silent": sorted(readings.silent_since)}

    @app.post(CONTROL + "/clock")
    def set_clock(now: datetime) -> dict[str, str]:
        clock.move_to(now)
        return {"now": clock().isoformat()}


def main() -> None:
    """Command line: serve the simulator on the loopback address."""
    parser = arguments("Stand-in for the Enphase API v4")
    parser.add_argument("--api-key", default=DEMO_KEY)
    parser.add_argument("--calls-per-minute", type=int, default=10)
    parser.add_argument("--calls-per-month", type=int, default=1000)
    given = parser.parse_args()
    app = create_app(
        given.seed,
        Clock(given.now),
        api_key=given.api_key,
        calls_per_minute=given.calls_per_minute,
        calls_per_month=given.calls_per_month,
    )
    serve(app, given.port)


if __name__ == "__main__":
    main()
