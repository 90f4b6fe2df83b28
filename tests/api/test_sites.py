"""Sites over HTTP: registered with project and devices in one call, changed, switched off, each within its tenant."""

import pytest

from tests.api.accounts import enter, project, site


@pytest.fixture
def credential(api, tenant) -> int:
    """The tenant's account."""
    return enter(api, tenant).json()["credential_id"]


def meters(found: dict) -> dict[str, int]:
    return {meter["name"]: meter["meter_id"] for meter in found["meters"]}


def test_a_site_its_project_and_its_devices_are_registered_in_one_call(api, tenant, credential, warehouse):
    plant = project(api, tenant)
    devices = [
        {"external_device_id": "A", "meter_id": meters(plant)["M1"]},
        {"external_device_id": "B", "new_meter": {"name": "Inverter B", "meter_type": "INVERTER", "rated_power_w": 9}},
    ]
    made = site(api, tenant, credential, project_id=plant["project_id"], devices=devices, sync_interval_minutes=15)
    assert made.status_code == 201 and made.headers["Location"] == f"/api/ingest/sites/{made.json()['site_id']}"
    new = meters(project(api, tenant))["Inverter B"]
    assert made.json()["devices"] == [
        {"external_device_id": "A", "meter_id": meters(plant)["M1"]},
        {"external_device_id": "B", "meter_id": new},
    ]
    from include.warehouse import sites
    from include.warehouse.database import connect

    with connect() as connection:
        record = sites.as_record(sites.get(connection, made.json()["site_id"]))
    assert record.devices == ("A", "B") and record.organization_id == tenant.organization_id


def test_nothing_of_a_site_is_stored_when_a_part_is_wrong(api, tenant, credential, warehouse):
    plant = project(api, tenant)
    wrong = [
        ({"devices": [{"external_device_id": "A", "meter_id": 987654}]}, 404),
        ({"devices": [{"external_device_id": "A"}]}, 422),
        ({"devices": [{"external_device_id": "A", "new_meter": {"name": "X"}}]}, 409),
        (
            {"project_id": plant["project_id"], "devices": [{"external_device_id": "A", "new_meter": {"name": "M1"}}]},
            409,
        ),
        ({"series": ["telepathy"]}, 422),
        ({"time_zone": "Mars/Olympus"}, 422),
        ({"project_id": 987654}, 404),
        ({"organization_id": 1}, 422),
        ({"high_water_mark": "2026-01-01T00:00:00Z"}, 422),
    ]
    for fields, status in wrong:
        answer = site(api, tenant, credential, **fields)
        assert answer.status_code == status, (fields, answer.text)
    for table in ("ops.integration_site", "core.meter_device where source_system = 'solaredge'"):
        assert warehouse.execute(f"select count(*) as n from {table}").fetchone()["n"] == 0


def test_ids_of_others_are_answered_as_ids_of_nobody(api, tenant, neighbour, credential, warehouse):
    """Accounts, projects and meters of another organization: nothing is stored, and nothing is told."""
    theirs = enter(api, neighbour).json()["credential_id"]
    their_project = project(api, neighbour)["project_id"]
    their_meter = warehouse.execute(
        "insert into core.meter (organization_id, project_id, name) values (%s, %s, 'Theirs') returning meter_id",
        [neighbour.organization_id, their_project],
    ).fetchone()["meter_id"]
    pairs = [
        (site(api, tenant, theirs), site(api, tenant, 987654)),
        (site(api, tenant, credential, project_id=their_project), site(api, tenant, credential, project_id=987654)),
        (
            site(api, tenant, credential, devices=[{"external_device_id": "A", "meter_id": their_meter}]),
            site(api, tenant, credential, devices=[{"external_device_id": "A", "meter_id": 987654}]),
        ),
    ]
    for foreign, unknown in pairs:
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json() == unknown.json()
    ours = site(api, tenant, credential).json()["site_id"]
    for fields in ({"project_id": their_project}, {"devices": [{"external_device_id": "A", "meter_id": their_meter}]}):
        assert api.patch(f"/sites/{ours}", json=fields, headers=tenant.headers).status_code == 404
    assert warehouse.execute("select count(*) as n from ops.integration_site").fetchone()["n"] == 1
    assert api.patch(f"/sites/{ours}", json={"name": "Taken"}, headers=neighbour.headers).status_code == 404
    assert api.delete(f"/sites/{ours}", headers=neighbour.headers).status_code == 404
    assert api.get(f"/sites/{ours}", headers=tenant.headers).json() == {
        **site_of(api, tenant, ours), "name": "Roof", "is_active": True
    }  # fmt: skip


def site_of(api, tenant, site_id: int) -> dict:
    return api.get("/sites", headers=tenant.headers, params={"after": site_id - 1}).json()["items"][0]


def test_a_site_is_changed_switched_off_and_on(api, tenant, credential, warehouse):
    made = site(api, tenant, credential).json()
    path = f"/sites/{made['site_id']}"
    plant = project(api, tenant)
    changes = {
        "name": "Barn",
        "time_zone": "Europe/Berlin",
        "sync_interval_minutes": 30,
        "series": ["inverters"],
        "project_id": plant["project_id"],
    }
    changed = api.patch(path, json=changes, headers=tenant.headers)
    assert changed.status_code == 200 and {name: changed.json()[name] for name in changes} == changes
    assert api.patch(path, json={"series": ["telepathy"]}, headers=tenant.headers).status_code == 422
    assert api.patch(path, json={"credential_id": 1}, headers=tenant.headers).status_code == 422
    assert api.patch(path, json={}, headers=tenant.headers).json() == changed.json()
    assert api.delete(path, headers=tenant.headers).status_code == 204
    assert api.get(path, headers=tenant.headers).json()["is_active"] is False
    warehouse.execute("update ops.integration_site set consecutive_gone = 5")
    assert api.patch(path, json={"is_active": True}, headers=tenant.headers).json()["is_active"] is True
    assert warehouse.execute("select consecutive_gone as n from ops.integration_site").fetchone()["n"] == 0
    actions = warehouse.execute(
        "select action from ops.audit_entry where subject = %s order by occurred_at, seq", [f"site {made['site_id']}"]
    ).fetchall()
    assert [row["action"] for row in actions] == ["site_added", *["site_changed"] * 3]


def test_a_known_site_is_not_registered_twice(api, tenant, credential):
    assert site(api, tenant, credential).status_code == 201
    again = site(api, tenant, credential, name="Again")
    assert again.status_code == 409 and "registered already" in again.json()["detail"]


def test_sites_come_in_pages(api, tenant, credential):
    made = [site(api, tenant, credential, external_site_id=str(n)).json()["site_id"] for n in range(5)]
    found, after = [], 0
    while after is not None:
        page = api.get("/sites", headers=tenant.headers, params={"after": after, "limit": 2}).json()
        found += [item["site_id"] for item in page["items"]]
        after = page["next_after"]
    assert found == made


def test_a_device_is_mapped_to_another_meter_and_the_others_stay(api, tenant, credential):
    plant = project(api, tenant)
    known = meters(plant)
    devices = [{"external_device_id": name, "meter_id": known["M1"]} for name in ("A", "B")]
    made = site(api, tenant, credential, project_id=plant["project_id"], devices=devices).json()
    moved = api.patch(
        f"/sites/{made['site_id']}",
        json={"devices": [{"external_device_id": "B", "meter_id": known["M2"]}]},
        headers=tenant.headers,
    ).json()
    assert {device["external_device_id"]: device["meter_id"] for device in moved["devices"]} == {
        "A": known["M1"],
        "B": known["M2"],
    }
