"""Stand-in for the GoodWe cloud: the SEMS+ web portal and the OpenAPI, with two stations that replay a recorded roof.

Run:       `python -m simulators.goodwe --port 8103 [--seed 7] [--now 2026-11-20T10:00:00+00:00]`
Account:   `solar@example.com` and `sunledger-demo-goodwe` unless told otherwise. The portal, the gateway below
           `/web/sems` and the OpenAPI below `/api/OpenApi` are one server; the OpenAPI lets organisations in only,
           so the demo account is refused there unless `--openapi` is given.
Errors:    HTTP 200 with a code in the body, as the vendor does.
Control:   `/_control/faults` and `/_control/requests` (see `faults.py`), `/_control/goodwe` (see `Behaviour`),
           `/_control/end_sessions`, `/_control/restate` and `/_control/clock`.
"""

from datetime import datetime, timedelta
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from simulators.faults import CONTROL, Faults, Script, router
from simulators.goodwe_openapi import add_openapi
from simulators.goodwe_plants import DENVER_STATION, FORBIDDEN_STATION, STATIONS, Readings, Station
from simulators.goodwe_sems import add_sems
from simulators.goodwe_sessions import Behaviour, Refusal, Sessions
from simulators.server import Clock, arguments, serve

DEMO_ACCOUNT = "solar@example.com"
DEMO_PASSWORD = "sunledger-demo-goodwe"  # noqa: S105 -- of the simulator
DEMO_LOGIN = {"account": DEMO_ACCOUNT, "password": DEMO_PASSWORD}
ISSUED_TOKEN = "sunledger-demo-goodwe-token"  # noqa: S105 -- of the simulator
GATEWAY = "/web/sems"


def create_app(
    seed: int = 0,
    clock: Clock | None = None,
    *,
    account: str = DEMO_ACCOUNT,
    password: str = DEMO_PASSWORD,
    calls_per_minute: int = 120,
    session_life: timedelta = timedelta(hours=24),
    openapi: bool = False,
) -> FastAPI:
    """Build the simulator; its answers depend on the seed, the clock and the control calls only."""
    app = FastAPI(title="GoodWe simulator", docs_url=None, redoc_url=None, openapi_url=None)
    clock = clock or Clock()
    readings, script = Readings(seed, clock), Script()
    sessions = app.state.sessions = Sessions(clock, account, password, session_life)
    app.add_middleware(Faults, script=script)
    app.include_router(router(script))
    minute: dict[datetime, int] = {}

    def charge() -> None:
        now = clock().replace(second=0, microsecond=0)
        calls = minute.get(now, 0)
        behaviour = sessions.behaviour
        if behaviour.throttled > 0 or calls >= calls_per_minute:
            behaviour.throttled = max(behaviour.throttled - 1, 0)
            raise Refusal("GY0429", "Too many requests")
        minute.clear()
        minute[now] = calls + 1

    def member(request: Request) -> None:
        charge()
        sessions.admit(request.headers)

    @app.post(f"{GATEWAY}/sems-user/api/v1/auth/cross-login", dependencies=[Depends(charge)])
    async def login(request: Request) -> dict[str, Any]:
        api = f"{str(request.base_url).rstrip('/')}{GATEWAY}"
        return success(sessions.login(await request.json(), request.headers, api), sessions)

    def answer(data: Any) -> dict[str, Any]:
        return success(data, sessions)

    add_sems(app, GATEWAY, [Depends(member)], readings, answer, station)
    add_openapi(app, sessions, [Depends(charge)], readings, answer, station, ISSUED_TOKEN if openapi else None)
    _add_control(app, sessions, readings, clock)
    _add_errors(app)
    return app


def success(data: Any, sessions: Sessions) -> dict[str, Any]:
    """A successful answer; on demand one without data."""
    if sessions.behaviour.empty > 0:
        sessions.behaviour.empty -= 1
        data = {}
    return {"code": "00000", "description": "success", "traceId": f"{sessions.clock().timestamp():.0f}", "data": data}


def station(station_id: str) -> Station:
    """The station of a call."""
    if station_id == FORBIDDEN_STATION:
        raise Refusal("100025", "No permission")
    if station_id not in STATIONS:
        raise Refusal("100004", "Parameter error")
    return STATIONS[station_id]


def _add_control(app: FastAPI, sessions: Sessions, readings: Readings, clock: Clock) -> None:
    @app.post(CONTROL + "/goodwe")
    def behave(behaviour: Behaviour) -> Behaviour:
        sessions.behaviour = behaviour
        return behaviour

    @app.post(CONTROL + "/end_sessions")
    def end_sessions() -> dict[str, int]:
        sessions.end_all()
        return {"logins": sessions.logins}

    @app.get(CONTROL + "/logins")
    def logins() -> dict[str, int]:
        return {"logins": sessions.logins}

    @app.post(CONTROL + "/restate")
    def restate(station_id: str = DENVER_STATION, hours_back: int = 36, factor: str = "1.1") -> dict[str, str]:
        return {"interval_start": readings.restate(STATIONS[station_id], hours_back, factor).isoformat()}

    @app.post(CONTROL + "/clock")
    def set_clock(now: datetime) -> dict[str, str]:
        clock.move_to(now)
        return {"now": clock().isoformat()}


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    def refused(request: Request, refusal: Refusal) -> JSONResponse:
        return JSONResponse({"code": refusal.code, "description": refusal.description, "traceId": "t0", "data": None})

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return refused(request, Refusal("100004", "Parameter error"))


def main() -> None:
    """Command line: serve the simulator on the loopback address."""
    parser = arguments("Stand-in for the GoodWe cloud")
    parser.add_argument("--account", default=DEMO_ACCOUNT)
    parser.add_argument("--password", default=DEMO_PASSWORD)
    parser.add_argument("--calls-per-minute", type=int, default=120)
    parser.add_argument("--openapi", action="store_true", help="let the account into the OpenAPI too")
    given = parser.parse_args()
    app = create_app(
        given.seed,
        Clock(given.now),
        account=given.account,
        password=given.password,
        calls_per_minute=given.calls_per_minute,
        openapi=given.openapi,
    )
    serve(app, given.port)


if __name__ == "__main__":
    main()
