"""The ingest API as one FastAPI app; a plugin mounts it in Airflow's API server under `/api/ingest`."""

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from include.api import (
    allowances,
    api_keys,
    billing_reads,
    contracts,
    credentials,
    default_events,
    evidence,
    health,
    load_actions,
    loads,
    me,
    meter_data,
    presigned,
    problems,
    reference,
    sites,
    syncs,
    uploads,
)
from include.api.callers import UserOf
from include.api.delivering import Workers
from include.core.errors import ConfigurationError
from include.judging.rows import warm_up
from include.warehouse.database import kept_open

log = logging.getLogger(__name__)

DESCRIPTION = """Deliver readings and billing reads, and learn at once what became of every row.

Authenticate with `Authorization: Bearer <api key>`. Problems are documents after RFC 9457 with a stable `code`."""
# as many as there are threads that serve requests
MOST_CONNECTIONS = 40
PREFIX = "/api/ingest"
ROUTERS = (
    meter_data.router,
    uploads.router,
    presigned.router,
    loads.router,
    load_actions.router,
    billing_reads.router,
    reference.router,
    contracts.router,
    credentials.router,
    default_events.router,
    evidence.router,
    sites.router,
    syncs.router,
    api_keys.router,
    me.router,
    health.router,
)


class IngestApi(FastAPI):
    """An app whose every answer, failures of its own included, tells what is left of the caller's allowance."""

    def build_middleware_stack(self) -> ASGIApp:
        """Stand around everything: what no handler foresaw is answered outside of what `add_middleware` adds."""
        return allowances.Told(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """The document, with what answers carry in their headers."""
        return self.openapi_schema or allowances.describe(super().openapi())


def create_app(user_of: UserOf, start_run: syncs.StartRun | None = None) -> IngestApi:
    """Make the app.

    user_of:   tells the name of the person whose session a request carries, or None
    start_run: starts a Dag; without it nobody can ask for a sync
    """
    app = IngestApi(
        title="Sunledger ingest API",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan,
        redoc_url=None,
    )
    app.state.user_of = user_of
    app.state.start_run = start_run
    app.state.shared = Workers()
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(kept_open(("loader", "api"), MOST_CONNECTIONS))
        except ConfigurationError as error:
            # every request will say so; the rest of Airflow works without a warehouse
            log.error("the ingest API has no warehouse: %s", error)
        # importing Great Expectations takes seconds, which the first push should not wait for
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
        yield
