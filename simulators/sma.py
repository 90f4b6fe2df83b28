"""Stand-in for the SMA Monitoring API and its authorization server, with two plants that replay a recorded roof.

Run:      `python -m simulators.sma --port 8103 [--seed 7] [--now 2026-11-20T10:00:00+00:00]`; `environment(url)` names
          the settings that point to it.
Access:   the owner's consent in the browser at `/oauth2/auth`, or by letter at `/oauth2/v2/bc-authorize` for
          `owner@example.com`, who has consented already unless `--unconsented` says otherwise. Tokens live 300 s.
Control:  `/_control/faults`, `/_control/requests`, `/_control/oauth` (see `faults.py` and `oauth.py`),
          `/_control/restate`, `/_control/spike`, `/_control/migrate` and `/_control/clock`.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from simulators.faults import CONTROL, Faults, Script, router
from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Authority, Grant
from simulators.oauth_routes import basic_client, consent_page, form_of, oauth_control, refuse_plainly
from simulators.server import Clock, arguments, serve
from simulators.sma_consent import PATH as CONSENT_PATH
from simulators.sma_consent import Consents
from simulators.sma_consent import router as consent_routes
from simulators.sma_estate import Estate, Moved, is_asked
from simulators.sma_plants import OWNER, Readings
from simulators.sma_sets import add_sets

BASE, OTHER_BASE = "/monitoring/v1", "/v1"  # of the sandbox, and of the live host for monitoring alone
PARTS = ("installation", "location", "status")
TOKEN_LIFE = timedelta(seconds=300)
BUCKET_SPAN = timedelta(minutes=5)
SCOPE = "profile monitoringApi:read email offline_access"


def environment(url: str) -> dict[str, str]:
    """The settings that point the SMA adapter to a simulator at `url`."""
    return {
        "SMA_BASE_URL": url + BASE,
        "SMA_AUTHORIZE_URL": f"{url}/oauth2/auth",
        "SMA_TOKEN_URL": f"{url}/oauth2/token",
        "SMA_CONSENT_URL": url + CONSENT_PATH,
        "SMA_CLIENT_ID": DEMO_CLIENT_ID,
        "SMA_CLIENT_SECRET": DEMO_CLIENT_SECRET,
    }


class Bucket:
    """The calls of the last five minutes."""

    def __init__(self, clock: Clock, size: int) -> None:
        self.clock, self.size = clock, size
        self.calls: list[datetime] = []

    def take(self) -> None:
        """Count one call, or refuse it without saying how long to wait."""
        now = self.clock()
        self.calls = [at for at in self.calls if at > now - BUCKET_SPAN]
        if len(self.calls) >= self.size:
            raise HTTPException(429)
        self.calls.append(now)


def create_app(
    seed: int = 0,
    clock: Clock | None = None,
    *,
    calls_per_5_minutes: int = 10_000,
    consented: bool = True,
) -> FastAPI:
    """Build the simulator; its answers depend on the seed, the clock, the consents and the control calls only."""
    app = FastAPI(title="SMA simulator", docs_url=None, redoc_url=None, openapi_url=None)
    clock = clock or Clock()
    readings, estate = Readings(seed, clock), Estate()
    consents = Consents(clock)
    if consented:
        consents.put(OWNER, "Accepted")
    authority = Authority(
        clock,
        title="SMA",
        subjects={OWNER: f"All plants of {OWNER}"},
        grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
        token_life=TOKEN_LIFE,
        refresh_life=timedelta(days=3650),
        token_extras=lambda grant: {"refresh_expires_in": 0, "scope": SCOPE},
    )
    app.state.authority, app.state.consents, app.state.readings = authority, consents, readings
    bucket, script = Bucket(clock, calls_per_5_minutes), Script()
    app.add_middleware(Faults, script=script)
    for routes in (router(script), consent_page(authority, "/oauth2/auth"), oauth_control(authority)):
        app.include_router(routes)

    def granted(request: Request) -> Grant:
        grant = authority.grant_of(request.headers.get("authorization", ""))
        if grant is None:
            raise HTTPException(401)
        return grant

    def owners(grant: Annotated[Grant, Depends(granted)]) -> set[str]:
        bucket.take()
        return consents.accepted() if grant.kind == "client_credentials" else {grant.subject}

    def admitted(found: Annotated[set[str], Depends(owners)]) -> None:
        if OWNER not in found:
            raise HTTPException(403)

    def application(grant: Annotated[Grant, Depends(granted)]) -> None:
        if grant.kind != "client_credentials":
            raise HTTPException(403)

    app.include_router(consent_routes(consents, application))
    _add_tokens(app, authority)
    for base in (BASE, OTHER_BASE):
        _add_lists(app, base, estate, owners, admitted)
        add_sets(app, base, estate, readings, [Depends(admitted)], clock)
    _add_control(app, estate, readings, clock)
    _add_errors(app)
    return app


def _add_tokens(app: FastAPI, authority: Authority) -> None:
    refuse_plainly(app)

    @app.post("/oauth2/token")
    async def token(request: Request) -> dict[str, Any]:
        return authority.token({**await form_of(request), **basic_client(request.headers.get("authorization", ""))})

    @app.post("/oauth2/logout", status_code=204)
    async def logout(request: Request) -> None:
        authority.revoke((await form_of(request)).get("refresh_token", ""))


def _add_lists(app: FastAPI, base: str, estate: Estate, owners: Any, admitted: Any) -> None:
    only_admitted = [Depends(admitted)]

    @app.get(f"{base}/plants")
    def plants(request: Request, found: Annotated[set[str], Depends(owners)]) -> dict[str, Any]:
        parts = [part for part in PARTS if is_asked(request, f"With{part}")]
        return {"plants": [estate.plant(place, parts) for place in estate.places] if OWNER in found else []}

    @app.get(f"{base}/plants/{{plant_id}}", dependencies=only_admitted)
    def plant(plant_id: str) -> dict[str, Any]:
        return estate.plant(estate.find_plant(plant_id), ())

    @app.get(f"{base}/plants/{{plant_id}}/devices", dependencies=only_admitted)
    @app.get(f"{base}/plants/{{plant_id}}/devices/lean", dependencies=only_admitted)
    def devices(request: Request, plant_id: str) -> dict[str, Any]:
        return estate.devices(estate.find_plant(plant_id), is_asked(request, "WithDeactivatedDevices"))

    @app.get(f"{base}/devices/{{device_id}}", dependencies=only_admitted)
    @app.get(f"{base}/devices/{{device_id}}/lean", dependencies=only_admitted)
    def device(device_id: str) -> dict[str, Any]:
        return estate.device(*estate.find_device(device_id))

    @app.get(f"{base}/plants/{{plant_id}}/{{part}}", dependencies=only_admitted)
    def detail(plant_id: str, part: str) -> dict[str, Any]:
        place = estate.find_plant(plant_id)
        if part not in PARTS:
            raise HTTPException(404)
        return {"plant": estate.head(place), part: estate.plant(place, (part,))[part]}


def _add_control(app: FastAPI, estate: Estate, readings: Readings, clock: Clock) -> None:
    def changed(device_id: str, hours_back: int, factor: str, energy_wh: str) -> dict[str, Any]:
        place, device = estate.find_device(device_id)
        return readings.change(place.plant, device, hours_back, factor, energy_wh)

    @app.post(CONTROL + "/restate")
    def restate(device_id: str, hours_back: int = 36, factor: str = "1.1") -> dict[str, Any]:
        return changed(device_id, hours_back, factor, "")

    @app.post(CONTROL + "/spike")
    def spike(device_id: str, hours_back: int = 3, energy_wh: str = "165763") -> dict[str, Any]:
        return changed(device_id, hours_back, "1", energy_wh)

    @app.post(CONTROL + "/migrate")
    def migrate(plant_id: str) -> dict[str, Any]:
        place = estate.find_plant(plant_id)
        place.is_migrated = True
        return {"plant_id": place.plant_id}

    @app.post(CONTROL + "/clock")
    def set_clock(now: datetime) -> dict[str, str]:
        clock.move_to(now)
        return {"now": clock().isoformat()}


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code in {401, 429}:
            return Response(status_code=error.status_code)
        return JSONResponse({"message": error.detail}, error.status_code)

    @app.exception_handler(Moved)
    def moved(request: Request, error: Moved) -> Response:
        path = request.url.path.replace(f"/{error.old_id}", f"/{error.new_id}", 1)
        query = f"?{request.url.query}" if request.url.query else ""
        return Response(status_code=308, headers={"Location": path + query})


def main() -> None:
    """Command line: serve the simulator on the loopback address."""
    parser = arguments("Stand-in for the SMA Monitoring API")
    parser.add_argument("--calls-per-5-minutes", type=int, default=10_000)
    parser.add_argument("--unconsented", action="store_true", help="the owner has not been asked for access yet")
    given = parser.parse_args()
    app = create_app(
        given.seed,
        Clock(given.now),
        calls_per_5_minutes=given.calls_per_5_minutes,
        consented=not given.unconsented,
    )
    serve(app, given.port)


if __name__ == "__main__":
    main()
