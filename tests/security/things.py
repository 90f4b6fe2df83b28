"""Things of a tenant that routes name by their ids, and ids that name nothing."""

import hashlib
import json
from typing import Any
from uuid import UUID

from tests.api.conftest import Tenant, readings
from tests.pipeline.evidence_world import event_of

MOST = 2**53
NOWHERE: dict[str, Any] = {
    "load_id": MOST,
    "sha256": "0" * 64,
    "upload_id": UUID(int=7),
    "site_id": MOST,
    "integration_site_id": MOST,
    "credential_id": MOST,
    "api_key_id": MOST,
    "key_id": MOST,
    "project_id": MOST,
    "meter_id": MOST,
    "contract_id": MOST,
    "external_site_id": "nowhere",
    "event_id": UUID(int=8),
}
# what a path names that is no thing of a tenant
WORDS = {"kind": "contract", "action": "review"}


def things_of(tenant: Tenant, api, warehouse) -> dict[str, Any]:
    """One of each kind of thing for a tenant, by the names that path parameters have."""
    organization = tenant.organization_id
    refused = {"energy_wh": -5e6}  # rows that a person may release
    body = json.dumps(readings(24, r3=refused, r16=refused) | {"metadata": {"of": organization}}).encode()
    pushed = api.post("/meter-data", content=body, headers={**tenant.headers, "Content-Type": "application/json"})
    announced = api.post("/presigned-url", json={"filename": "june.csv"}, headers=tenant.headers)
    credential, site = _account(organization, warehouse)
    key = _id(warehouse, "select min(api_key_id) from ops.api_key where organization_id = %s", organization)
    return WORDS | {
        "load_id": pushed.json()["load_id"],
        "sha256": hashlib.sha256(body).hexdigest(),
        "upload_id": announced.json()["upload_id"],
        "site_id": site,
        "integration_site_id": site,
        "external_site_id": "1",
        "event_id": event_of(warehouse, organization),
        "credential_id": credential,
        "api_key_id": key,
        "key_id": key,
        "project_id": _id(
            warehouse, "select min(project_id) from core.project where organization_id = %s", organization
        ),
        "meter_id": _id(warehouse, "select min(meter_id) from core.meter where organization_id = %s", organization),
        # the one that the event broke
        "contract_id": _id(
            warehouse, "select min(contract_id) from core.contract where organization_id = %s", organization
        ),
    }


def _account(organization: int, warehouse) -> tuple[int, int]:
    """A vendor account with a site, as registering makes them; the secret is nobody's."""
    credential = _id(
        warehouse,
        """
        insert into ops.integration_credential
            (organization_id, source_system, auth_type, label, encrypted_credentials, key_id)
        values (%s, 'solaredge', 'api_key', 'fleet', '', 'k1') returning credential_id
        """,
        organization,
    )
    site = warehouse.execute(
        """
        insert into ops.integration_site
            (organization_id, credential_id, source_system, external_site_id, name, time_zone)
        values (%s, %s, 'solaredge', '1', 'Roof', 'UTC') returning integration_site_id
        """,
        [organization, credential],
    ).fetchone()["integration_site_id"]
    return credential, site


def _id(warehouse, query: str, organization: int) -> int | None:
    return next(iter(warehouse.execute(query, [organization]).fetchone().values()))
