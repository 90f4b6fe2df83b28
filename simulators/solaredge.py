"""Stand-in for the SolarEdge Monitoring API v2, with two sites that replay a recorded roof.

Run:       `python -m simulators.solaredge --port 8100 [--seed 7] [--now 2026-11-20T10:00:00+00:00]`
Key:       `sunledger-demo-key` in the header `X-API-Key`, unless `--api-key` says otherwise.
Tokens:    Site Access as well (`solaredge_oauth.py`): consent page `/authorize`, `/v2/oauth2/token`; see `oauth.py`.
Control:   `/_control/faults` and `/_control/requests` (see `faults.py`), `/_control/restate` and
           `/_control/clock`; none of them needs the key or costs a credit.
Version 1: every path outside `/v2` answers 410.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from simulators.faults import CONTROL, Faults, Script, router
from simulators.limits import LimitReached, Limits
from simulators.server import Clock, arguments, serve
from simulators.solaredge_oauth import Problem, add_site_access, authority_of
from simulators.solaredge_plants import DENVER_SITE, FORBIDDEN_SITE, PLANTS, Plant, Readings, fleet

DEMO_KEY = "sunledger-demo-key"
LONGEST_CALL = timedelta(hours=12)


def create_app(
    seed: int = 0,
    clock: Clock | None = None,
    *,
    api_key: str = DEMO_KEY,
    calls_per_minute: int = 10,
    credits_per_month: int = 2000,
    restated: bool = False,
    more_sites: int = 0,
) -> FastAPI:
    """Build the simulator; its answers depend on the seed, the clock and the control calls only."""
    app = FastAPI(title="SolarEdge simulator", docs_url=None, redoc_url=None, openapi_url=None)
    clock = clock or Clock()
    readings = Readings(seed, clock)
    app.state.plants = {**PLANTS, **fleet(more_sites)}
    limits = Limits(clock, calls_per_minute, credits_per_month)
    script = Script()
    app.add_middleware(Faults, script=script)
    app.include_router(router(script))
    if restated:
        readings.restate(PLANTS[DENVER_SITE], PLANTS[DENVER_SITE].devices[0].serial)

    def account(request: Request, response: Response) -> None:
        if request.headers.get("x-api-key", "") != api_key:
            refuse_stranger(request)
        try:
            response.headers.update(limits.charge())
        except LimitReached as reached:
            raise Problem(429, "Too Many Requests", reached.detail, reached.headers) from None

    app.state.authority = authority_of(clock, app.state.plants)
    refuse_stranger = add_site_access(app, app.state.authority)
    _add_errors(app)
    _add_control(app, readings, clock)
    _add_lists(app, [Depends(account)])
    _add_telemetry(app, [Depends(account)], readings)

    @app.api_route("/v2/{path:path}", methods=["GET", "POST"])
    def unknown(path: str) -> None:
        raise Problem(404, "Not Found", f"No such resource: /v2/{path}")

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def version_1(path: str) -> None:
        raise Problem(410, "Gone", "Version 1 of this API was withdrawn; use /v2")

    return app


def _plant(request: Request, site_id: int) -> Plant:
    if site_id == FORBIDDEN_SITE:
        raise Problem(403, "Forbidden", "This key has no access to the site")
    plants = request.app.state.plants
    if site_id not in plants:
        raise Problem(404, "Not Found", f"Unknown site {site_id}")
    return plants[site_id]


def _span(
    plant: Annotated[Plant, Depends(_plant)],
    begin: Annotated[datetime, Query(alias="from")],
    end: Annotated[datetime, Query(alias="to")],
    resolution: str = "QUARTER_HOUR",
) -> tuple[Plant, datetime, datetime]:
    """The site and window of a telemetry call; times without offset are the site's."""
    if resolution != "QUARTER_HOUR":
        raise Problem(400, "Bad Request", "This simulator knows QUARTER_HOUR only")
    begin, end = (at.replace(tzinfo=at.tzinfo or plant.zone).astimezone(UTC) for at in (begin, end))
    if not begin < end <= begin + LONGEST_CALL:
        raise Problem(400, "Bad Request", "The period must be longer than nothing and at most 12 hours")
    return plant, begin, end


Span = Annotated[tuple[Plant, datetime, datetime], Depends(_span)]


def _add_lists(app: FastAPI, account: list[Any]) -> None:
    @app.get("/v2/sites", dependencies=account)
    def sites(page: int = 1, size: Annotated[int, Query(alias="sites-in-page")] = 100) -> dict[str, Any]:
        listed = list(app.state.plants.values())[(page - 1) * size : page * size]
        return {"sites": {"count": len(listed), "site": [_metadata(plant) for plant in listed]}}

    @app.get("/v2/sites/{site_id}", dependencies=account)
    def site(plant: Annotated[Plant, Depends(_plant)]) -> dict[str, Any]:
        return _metadata(plant)

    @app.get("/v2/sites/{site_id}/devices", dependencies=account)
    def devices(
        plant: Annotated[Plant, Depends(_plant)], types: Annotated[tuple[str, ...], Query()] = ("INVERTER",)
    ) -> list[dict[str, Any]]:
        wanted = {kind for part in types for kind in part.split(",")}
        return [
            {
                "type": device.kind,
                "serialNumber": device.serial,
                "name": f"{device.kind.title()} {device.serial[-2:]}",
                "model": "SE-REPLAY" if device.kind == "INVERTER" else "SE-METER",
                "active": True,
                "nameplate": device.nameplate_w or None,
                "meterType": "PRODUCTION" if device.kind == "METER" else None,
            }
            for device in plant.devices
            if device.kind in wanted
        ]


def _add_telemetry(app: FastAPI, account: list[Any], readings: Readings) -> None:
    @app.get("/v2/sites/{site_id}/inverters/telemetry", dependencies=account)
    def inverters(span: Span) -> dict[str, Any]:
        plant = span[0]
        chosen = [device for device in plant.devices if device.kind == "INVERTER"]
        return {"inverters": {device.serial: readings.inverter(plant, device, *span[1:]) for device in chosen}}

    @app.get("/v2/sites/{site_id}/meters/telemetry", dependencies=account)
    def meters(span: Span) -> dict[str, Any]:
        plant = span[0]
        chosen = [device for device in plant.devices if device.kind == "METER"]
        return {"meters": {device.serial: readings.meter(plant, device, *span[1:]) for device in chosen}}

    @app.get("/v2/sites/{site_id}/storage/telemetry", dependencies=account)
    def storage(span: Span) -> dict[str, Any]:
        return {"storage": {}}

    @app.get("/v2/sites/{site_id}/energy", dependencies=account)
    def energy(span: Span) -> dict[str, Any]:
        return readings.site(span[0], "energy", *span[1:])

    @app.get("/v2/sites/{site_id}/power", dependencies=account)
    def power(span: Span) -> dict[str, Any]:
        return readings.site(span[0], "power", *span[1:])


def _add_control(app: FastAPI, readings: Readings, clock: Clock) -> None:
    @app.post(CONTROL + "/restate")
    def restate(
        plant: Annotated[Plant, Depends(_plant)], serial: str, hours_back: int = 36, factor: str = "1.1"
    ) -> dict[str, Any]:
        return readings.restate(plant, serial, hours_back, factor)

    @app.post(CONTROL + "/clock")
    def set_clock(now: datetime) -> dict[str, str]:
        clock.move_to(now)
        return {"now": clock().isoformat()}


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    def problem(request: Request, error: Problem) -> JSONResponse:
        content = {
            "type": "https://se-api.stoplight.io/docs/monitoring",
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "instance": None,
            "properties": {"traceId": f"{error.status:032x}"},
        }
        return JSONResponse(content, error.status, error.headers, "application/problem+json")

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request, Problem(400, "Bad Request", "A parameter is missing or malformed"))


def _metadata(plant: Plant) -> dict[str, Any]:
    return {
        "siteId": plant.site_id,
        "name": plant.name,
        "peakPower": plant.peak_power_kw,
        "installationDate": "2016-06-01",
        "activationStatus": "ACTIVE",
        "location": {**plant.location, "timezone": plant.zone.key},
    }


def main() -> None:
    """Command line: serve the simulator on the loopback address."""
    parser = arguments("Stand-in for the SolarEdge Monitoring API v2")
    parser.add_argument("--api-key", default=DEMO_KEY)
    parser.add_argument("--calls-per-minute", type=int, default=10)
    parser.add_argument("--credits", type=int, default=2000, help="calls per month")
    parser.add_argument("--restate", action="store_true", help="serve one value of 36 h before the start restated")
    parser.add_argument("--more-sites", type=int, default=0, help="further sites, numbered from 3000000")
    given = parser.parse_args()
    app = create_app(
        given.seed,
        Clock(given.now),
        api_key=given.api_key,
        calls_per_minute=given.calls_per_minute,
        credits_per_month=given.credits,
        restated=given.restate,
        more_sites=given.more_sites,
    )
    serve(app, given.port)


if __name__ == "__main__":
    main()
