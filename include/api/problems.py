"""Problems as RFC 9457 documents: what happened, where, and what to do, with a status that tells the truth."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from include.core import errors
from include.core.contract_errors import ContractRefused, Flaw
from include.core.controls import one_line
from include.warehouse.announced import NotAsAnnounced, UploadExpired
from include.warehouse.idempotency import KeyReused

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
FRAMEWORK_REMEDIES = {
    404: "there is no such address; /api/ingest/docs lists them all",
    405: "use one of the methods that Allow names",
}
INTERNAL = errors.SunledgerError.code
OWN_FAULT = "Something went wrong on our side."
FORM_REMEDY = "see the documented form"
PAUSE_S = 60
PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

# the first class that fits decides; what stands nowhere is our own fault: 500
STATUSES: tuple[tuple[type[errors.SunledgerError], int], ...] = (
    (errors.NotFound, 404),
    (errors.NotAllowed, 403),
    (errors.Conflict, 409),
    (errors.IllegalState, 409),
    (errors.SiteBusy, 409),
    (errors.PublicationBusy, 409),
    (errors.Fenced, 409),
    (errors.EvidenceRefused, 409),
    (errors.ObjectExists, 409),
    (UploadExpired, 410),
    (NotAsAnnounced, 422),
    (errors.TooManyRequests, 429),
    (errors.InvalidKey, 422),
    (KeyReused, 422),
    (errors.ReferenceRefused, 422),
    (ContractRefused, 422),
    (errors.StateRefused, 400),
    (errors.FileRejected, 422),
    (errors.ConsentPending, 409),
    (errors.SiteGone, 404),
    (errors.SiteForbidden, 404),
    (errors.RateLimited, 503),
    (errors.VendorUnavailable, 503),
    (errors.VendorError, 502),
    (errors.LakeUnavailable, 503),
    (errors.ConfigurationError, 503),
)


class Problem(Exception):
    """An answer that is not success; `extra` members travel beside the standard ones."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        remedy: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.remedy = status, code, detail, remedy
        self.headers, self.extra = dict(headers or {}), extra


def of_error(error: errors.SunledgerError) -> Problem:
    """The problem that a named error is to a caller."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    extra = {"errors": [_flaw(flaw) for flaw in error.flaws]} if isinstance(error, ContractRefused) else {}
    return Problem(status, error.code, error.message, error.remedy, **extra)


def _flaw(flaw: Flaw) -> dict[str, Any]:
    """One of many things that are wrong with a contract document."""
    pointer = "#/" + flaw.place.replace("[", "/").replace("]", "").replace(".", "/")
    found = {"pointer": pointer, "code": flaw.code, "message": flaw.message, "remedy": flaw.remedy}
    return found | ({"line": flaw.line} if flaw.line else {})


def malformed(message: str, place: str) -> Problem:
    """The problem of a body whose member at `place` is not as documented."""
    found = [{"pointer": f"#/{place}", "message": message}]
    return Problem(422, "E601_INVALID_REQUEST", message, FORM_REMEDY, errors=found)


def document(problem: Problem, request: Request) -> JSONResponse:
    """The problem as a response."""
    content = {
        "type": f"https://sunledger.invalid/problems/{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
        "code": problem.code,
        "remedy": problem.remedy,
        **problem.extra,
    }
    headers = {"Retry-After": str(PAUSE_S)} if problem.status in PASSING else {}
    return JSONResponse(content, problem.status, headers | problem.headers, MEDIA_TYPE)


def install(
    app: FastAPI,
    *,
    answer: Callable[[Problem, Request], Response] = document,
    of_error: Callable[[errors.SunledgerError], Problem] = of_error,
) -> None:
    """Answer every failure of the app as a problem; `answer` shows it, `of_error` puts a named error in words."""

    @app.exception_handler(Problem)
    def named(request: Request, problem: Problem) -> Response:
        return answer(problem, request)

    @app.exception_handler(errors.SunledgerError)
    def from_pipeline(request: Request, error: errors.SunledgerError) -> Response:
        problem = of_error(error)
        level = logging.ERROR if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
        log.log(level, "%r is answered with %s: %r", request.url.path, problem.status, str(error))
        return answer(problem, request)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return answer(_invalid(error), request)

    @app.exception_handler(HTTPException)
    def from_framework(request: Request, error: HTTPException) -> Response:
        code, remedy = f"E6{error.status_code}", FRAMEWORK_REMEDIES.get(error.status_code, "")
        return answer(Problem(error.status_code, code, str(error.detail), remedy, headers=error.headers), request)

    @app.exception_handler(psycopg.OperationalError)
    def away(request: Request, error: psycopg.OperationalError) -> Response:
        log.error("%r: the warehouse does not answer: %s", request.url.path, one_line(error))
        problem = Problem(503, "E616_WAREHOUSE_AWAY", "the warehouse does not answer", "try again in a minute")
        return answer(problem, request)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        # the server logs it
        return answer(Problem(500, INTERNAL, OWN_FAULT, "Try again; if it stays, tell the operator when."), request)


def _invalid(error: RequestValidationError) -> Problem:
    """What is wrong with a request, without repeating what it said."""
    found = [
        {"pointer": _pointer(tuple(map(str, item["loc"]))), "message": item["msg"]}
        for item in error.errors()[:MOST_ERRORS]
    ]
    what = "; ".join(f"{item['pointer']}: {item['message']}" for item in found[:3])
    return Problem(
        422, "E601_INVALID_REQUEST", f"the request does not have the documented form: {what}", FORM_REMEDY, errors=found
    )


def _pointer(place: tuple[str, ...]) -> str:
    """A JSON pointer into the body, or the kind and name of a parameter."""
    return "#/" + "/".join(place[1:]) if place[:1] == ("body",) else "/".join(place)
