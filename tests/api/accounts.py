"""What tests of accounts and sites share: a tenant with a plant, and an account at the portal simulator."""

from simulators.solaredge import DEMO_KEY

CANARY = "canary-Zq7-secret"


def enter(api, tenant, key: str = DEMO_KEY, label: str = "fleet", **fields):
    body = {"source_system": "solaredge", "label": label, "secret": {"api_key": key}, **fields}
    return api.post("/credentials", json=body, headers=tenant.headers)


def project(api, tenant) -> dict:
    [found] = api.get("/projects", headers=tenant.headers).json()["items"]
    return found


def site(api, tenant, credential_id: int, external_site_id: str = "2016001", **fields):
    body = {
        "credential_id": credential_id,
        "external_site_id": external_site_id,
        "name": "Roof",
        "time_zone": "America/Denver",
        **fields,
    }
    return api.post("/sites", json=body, headers=tenant.headers)
