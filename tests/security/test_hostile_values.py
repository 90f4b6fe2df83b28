"""Tenants choose names; a name is data wherever it goes: in SQL, in templates, in paths, in logs and on terminals."""

import json
import logging
import re
from datetime import UTC, datetime

import pytest

from tests.api.conftest import readings
from tests.pipeline.files import csv
from tests.pipeline.oracle import count

HOSTILE = "{{ 1/0 }}{% raw %}'; drop table core.project; --\" $(id) `id` %s {0} \\ é\u4e2d"
FORGED = "a\r\n2026-01-01 ERROR forged\x1b[31m\x08\x85\u2028\u202egnp"
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def registered(name: str, source: str = "snowflake") -> int:
    """An organization whose every free text is this one."""
    from include.pipeline import registration

    return registration.apply(
        {
            "organization": {"name": name, "country": name},
            "projects": [
                {
                    "name": name,
                    "external_project_id": name,
                    "country": name,
                    "time_zone": "Europe/Berlin",
                    "installed_ac_capacity_kw": 100,
                    "technical_specs": {name: name},
                    "meters": [
                        {
                            "name": name,
                            "serial_number": name,
                            "model": name,
                            "devices": [{"source": source, "site": name, "device": name}],
                        }
                    ],
                }
            ],
            "column_maps": {source: {"columns": {name: "power_w"}, "null_values": ["-9999"]}},
            "members": [{"user": name, "role": "viewer"}],
        }
    )["organization_id"]


def push(api, key: str, body: dict, **headers):
    content = json.dumps(body)
    return api.post(
        "/meter-data",
        content=content,
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}", **headers},
    )


def test_texts_of_tenants_reach_the_marts_as_they_are_and_nothing_else_happens(api, make_key, warehouse):
    from include.pipeline.publish import publish

    key = make_key(registered(HOSTILE))
    row = {"site_id": HOSTILE, "device_id": HOSTILE, HOSTILE: 400, "note": HOSTILE, f"x{HOSTILE}": HOSTILE}
    rows = {f"r{i}": row for i in range(24)} | {"r5": row | {"energy_wh": HOSTILE}, "r6": row | {"quality": HOSTILE}}
    verdict = push(api, key, readings(24, **rows) | {"metadata": {HOSTILE: HOSTILE}}).json()
    assert (verdict["status"], verdict["rows_rejected"]) == ("partial", 2)
    assert [error["code"] for error in verdict["errors"]] == ["R201_NOT_NUMERIC", "R503_QUALITY_VALUE"]
    assert [error["original"]["site_id"] for error in verdict["errors"]] == [HOSTILE, HOSTILE]
    publish()
    stored = warehouse.execute("select distinct external_site_id, external_device_id from canonical.meter_reading")
    assert stored.fetchall() == [{"external_site_id": HOSTILE, "external_device_id": HOSTILE}]
    assert count(warehouse, "canonical.meter_reading") == 22
    project = warehouse.execute("select distinct project_name from marts.dim_projects").fetchall()
    assert project == [{"project_name": HOSTILE}]
    names = warehouse.execute("select name, external_project_id, technical_specs from core.project").fetchone()
    assert names == {"name": HOSTILE, "external_project_id": HOSTILE, "technical_specs": {HOSTILE: HOSTILE}}


@pytest.mark.parametrize("text", [HOSTILE, FORGED.replace("\r\n", "")], ids=["hostile", "steering"])
def test_a_key_of_idempotency_and_a_filter_are_data_too(api, make_key, warehouse, text):
    key = make_key(registered("Sun"))
    plain = text.encode("ascii", "ignore").decode().translate(dict.fromkeys(range(32)))
    answer = push(api, key, readings(4), **{"Idempotency-Key": plain})
    assert answer.status_code == 207 or answer.json()["rows_in"] == 4
    for query in ({"source_system": text}, {"status": text}, {"before": text}, {"limit": text}):
        assert api.get("/history", params=query, headers={"Authorization": f"Bearer {key}"}).status_code == 422
    assert count(warehouse, "core.project") == 1


def test_names_with_control_characters_forge_no_line_of_a_log(ingest, api, make_key, caplog, warehouse):
    """Whatever fails over them, and however: the text of a record stays on its line."""
    from include.core.errors import SunledgerError
    from include.pipeline.inbox import pick_up
    from include.pipeline.process import process_all

    caplog.set_level(logging.DEBUG, "include")
    key = make_key(registered(FORGED))
    push(api, key, readings(4, r1={"site_id": FORGED, FORGED: FORGED, "quality": FORGED}))
    push(api, key, {"readings": [{FORGED: 1}]})
    push(api, key, {"readings": [{}], FORGED: 1})
    push(api, key, readings(4), **{"Idempotency-Key": "x" * 200})
    contents = {"empty": "", "header": f"{FORGED},x\n1,2\n", "cut": '[{"timestamp": ', "good": csv([1, 2])}
    for name, content in contents.items():
        try:
            ingest(content, name=f"{name} {FORGED.replace('/', '')}.csv")
        except SunledgerError as error:
            assert not UNSEEN.search(str(error))
    process_all(pick_up())
    ours = [record for record in caplog.records if record.name.startswith("include")]
    assert ours, "nothing was logged, so nothing was tried"
    assert [record.getMessage() for record in ours if UNSEEN.search(record.getMessage())] == []


def test_an_error_stays_on_its_line_whoever_wrote_its_words():
    from include.core.errors import FileRejected

    error = FileRejected("F002_UNPARSEABLE", f"no {FORGED}", place=FORGED, remedy=FORGED)
    assert not UNSEEN.search(str(error))
    assert r"\r\n2026-01-01 ERROR forged\x1b[31m" in str(error)


def test_a_site_with_a_forged_name_is_logged_on_one_line(sites, caplog, warehouse):
    from include.pipeline import extract

    caplog.set_level(logging.INFO, "include")
    warehouse.execute("update ops.integration_site set name = %s", [FORGED])
    extract.land_site(sites[0], until=datetime(2026, 6, 2, tzinfo=UTC))
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("include")]
    assert any("forged" in message for message in messages)
    assert [message for message in messages if UNSEEN.search(message)] == []
