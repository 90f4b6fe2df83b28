"""Bodies that say one thing to who checks and another to who stores, and bodies too full to be parsed."""

import json

import pytest

from tests.api.conftest import readings
from tests.api.test_allowances import IDS
from tests.api.test_routes import body, operations

ROW = json.dumps(readings(1)["readings"][0])
JSON = {"Content-Type": "application/json"}


def loads_of(warehouse) -> int:
    return warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"]


@pytest.mark.parametrize("path", ["/meter-data", "/billing-reads"])
def test_rows_cannot_hide_behind_a_name_that_stands_twice(api, tenant, warehouse, path):
    many, one = ",".join([ROW] * 50_001), f'"readings": [{ROW}]'
    for text, place in (
        (f'{{"readings": [{many}], {one}}}', "#/readings"),
        (f"{{{one}, {one}}}", "#/readings"),
        (f'{{"readings": [{ROW}, {ROW[:-1]}, "site_id": "P2"}}]}}', "#/readings/1/site_id"),
        (f'{{{one}, "metadata": {{"a": {{"b": 1, "b": 1}}}}}}', "#/metadata/a/b"),
    ):
        answer = api.post(path, content=text, headers=JSON | tenant.headers)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "F009_AMBIGUOUS"), problem
        name = place.rsplit("/", 1)[-1]
        assert problem["errors"] == [{"pointer": place, "message": f"an object names {name!r} twice"}]
        assert place in problem["detail"] and problem["remedy"]
    assert loads_of(warehouse) == 0


def test_a_file_with_a_name_twice_is_rejected_with_its_place(api, tenant):
    text = f'{{"readings": [{ROW}], "readings": [{ROW}]}}'.encode()
    answer = api.post("/upload", files={"file": ("a.json", text)}, headers=tenant.headers)
    verdict = answer.json()
    assert (answer.status_code, verdict["status"], verdict["code"]) == (422, "rejected", "F009_AMBIGUOUS")
    assert "readings" in verdict["message"]


@pytest.mark.parametrize(
    ("crowd", "what"), [("{}", "objects"), ("[]", "lists"), ("1", "values"), ('{"readings": [1]}', "objects")]
)
def test_a_crowd_is_refused_before_it_is_made(api, tenant, warehouse, monkeypatch, crowd, what):
    monkeypatch.setattr("include.api.bodies.pydantic_core.from_json", None)
    text = '{"readings": [' + ",".join([crowd] * (2_000_002 if what == "values" else 200_001)) + "]}"
    answer = api.post("/meter-data", content=text, headers=JSON | tenant.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "F003_TOO_LARGE")
    assert what in answer.json()["detail"] and loads_of(warehouse) == 0


def test_no_route_takes_a_compressed_body_and_each_says_so(app, api, tenant, warehouse):
    from include.warehouse import members
    from include.warehouse.database import connect

    with connect() as connection:
        members.put(connection, tenant.organization_id, "ada", "owner")
    people = {"X-Test-User": "ada", "X-Organization-ID": str(tenant.organization_id)}
    address = api.post("/presigned-url", json={"filename": "june.csv"}, headers=tenant.headers).json()["upload_url"]
    tried = 0
    for method, path, spec in operations(app):
        if "requestBody" not in spec:
            continue
        assert {"413", "415"} <= spec["responses"].keys(), f"{method} {path} does not say so"
        signed = path.endswith("/content")
        url = address.removeprefix("/api/ingest") if signed else path.format(**IDS)
        if signed and url.startswith("http"):
            url = url[url.index("/uploads/") :]
        sent = {"content": b"x"} if signed else body(spec)
        for coding in ("gzip", "Identity, br"):
            answers = [
                api.request(method, url, headers={**headers, "Content-Encoding": coding}, **sent)
                for headers in (tenant.headers, people)
            ]
            answer = next(answer for answer in answers if answer.status_code != 403)
            assert (answer.status_code, answer.json()["code"]) == (415, "E618_CONTENT_ENCODING"), f"{method} {path}"
            assert answer.headers["Accept-Encoding"] == "identity" and answer.json()["remedy"]
        tried += 1
    assert tried >= 15 and loads_of(warehouse) == 0
    plain = {**tenant.headers, "Content-Encoding": "identity"}
    assert api.post("/meter-data", json=readings(4), headers=plain).status_code == 201
