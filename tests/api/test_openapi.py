"""The OpenAPI document is the truth: every operation answers as documented, whatever it is sent, by whoever."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup

from simulators.server import running
from tests.api.accounts import enter, project, site
from tests.api.conftest import readings

PEOPLE_ONLY = (
    "/keys", "/credentials/generate-key", "/loads/{load_id}/replay", "/loads/{load_id}/release",
    "/default-events/{event_id}/",
)  # fmt: skip
# what is sent there is judged beyond its form: names must be known, and values mean something
JUDGED = (
    "/meter-data", "/upload", "/billing-reads", "/fx-rates", "/reference-prices", "/price-index", "/reference/",
    "/credentials", "/sites", "/presigned-url", "/contracts/", "/plant-events",
)  # fmt: skip
OTHER_VENDORS = ("ENPHASE", "SMA", "GOODWE")
NOWHERE = "http://127.0.0.1:9"

EXAMPLES = 6

load_all_checks()
REFUSED = {"expected-statuses": [400, 401, 403, 404, 405, 409, 413, 415, 422, 429]}
ACCEPTANCE = CHECKS.get_one("positive_data_acceptance")


@pytest.fixture
def person(app, tenant) -> dict[str, str]:
    """Headers of somebody who administers the tenant."""
    from include.warehouse import members
    from include.warehouse.database import connect

    async def user_of(request):
        return "ada" if request.headers.get("Authorization") == "Bearer session-of-ada" else None

    app.state.user_of = user_of
    with connect() as connection:
        members.put(connection, tenant.organization_id, "ada", "owner")
    return {"Authorization": "Bearer session-of-ada", "X-Organization-ID": str(tenant.organization_id)}


@pytest.fixture
def inhabited(api, app, tenant, portal, monkeypatch, no_waiting, make_key) -> dict[str, str]:
    """Headers of a key for everything of a tenant that has one of each thing; no real vendor can be reached."""
    for vendor in OTHER_VENDORS:
        monkeypatch.setenv(f"{vendor}_BASE_URL", NOWHERE)
    monkeypatch.setenv("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", "1000000")
    monkeypatch.setattr("include.api.callers.PERSON_CALLS_PER_MINUTE", 1_000_000)
    app.state.start_run = lambda *run: None
    credential = enter(api, tenant).json()["credential_id"]
    site(api, tenant, credential, project_id=project(api, tenant)["project_id"])
    api.post("/meter-data", json=readings(20, r3={"energy_wh": "lots"}), headers=tenant.headers)
    key = make_key(tenant.organization_id, calls_per_minute=100_000)
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def address(app, api, inhabited) -> Iterator[str]:
    """Where the app is served."""
    with running(app) as address:
        yield address


def broken(operation, mode: GenerationMode, headers: dict[str, str]) -> str:
    """What an operation does otherwise than documented, for examples of its requests; empty when it does nothing so."""
    excluded = [ACCEPTANCE] if operation.path.startswith(JUDGED) else []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    def answer(case):
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    with suppress(Unsatisfiable):  # a request without parameters cannot be malformed
        try:
            answer()
        except (FailureGroup, Failure) as found:
            failures = found.exceptions if isinstance(found, FailureGroup) else [found]
            return f"{operation.label}: " + "; ".join(f"{failure.title}: {failure.message}" for failure in failures)
    return ""


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_operation_answers_as_documented(address, inhabited, person, mode):
    tried, found = 0, []
    for is_for_people, headers in ((False, inhabited), (True, person)):
        config = schemathesis.Config.from_dict({"headers": headers, "checks": {"negative_data_rejection": REFUSED}})
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation.path.startswith(PEOPLE_ONLY) is is_for_people:
                tried += 1
                found.append(broken(operation, mode, headers))
    assert tried > 40
    assert not any(found), "\n\n".join(filter(None, found))
