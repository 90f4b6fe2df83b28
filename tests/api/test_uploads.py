"""Uploaded files: bounded, streamed, judged before the answer when small, and nothing of their name is trusted."""

import gzip
import hashlib
import io
import json
import re

import pytest

from tests.api.files import BOUNDARY, form, keys_in_lake, upload
from tests.pipeline.files import csv


def send(api, tenant, body, kind=f"multipart/form-data; boundary={BOUNDARY}"):
    return api.post("/upload", content=body, headers={"Content-Type": kind, **tenant.headers})


def test_a_file_is_stored_as_it_is_and_judged_before_the_answer(api, plant, lake_kind, warehouse):
    from include.lake.store import Lake

    content = csv([*range(100, 120), -90000]).encode()
    answer = upload(api, plant, content)
    verdict = answer.json()
    assert (answer.status_code, verdict["status"]) == (207, "partial")
    assert (verdict["rows_accepted"], verdict["rows_rejected"], verdict["errors"][0]["row"]) == (20, 1, 21)
    assert verdict["content_hash"] == hashlib.sha256(content).hexdigest()
    load = warehouse.execute("select lake_key, sha256, source_system, original_uri from ops.ingestion_log").fetchone()
    with Lake().local_file(load["lake_key"], load["sha256"]) as path:
        assert path.read_bytes() == content
    assert load["source_system"] == "manual" and load["original_uri"].startswith("api-upload://")


def test_status_and_duplicate_tell_the_truth(api, plant):
    clean = upload(api, plant, csv([1, 2, 3]))
    assert (clean.status_code, clean.json()["status"]) == (201, "accepted")
    again = upload(api, plant, csv([1, 2, 3]), "other.csv")
    assert (again.status_code, again.json()["duplicate_of"]) == (409, clean.json()["load_id"])
    empty = upload(api, plant, b"")
    assert (empty.status_code, empty.json()["code"]) == (422, "F001_EMPTY")
    held = upload(api, plant, csv([1, "x", 3]))
    assert (held.status_code, held.json()["code"]) == (422, "F006_ERROR_RATE")


def test_the_source_may_stand_in_the_query_or_in_the_form(api, tenant, make_key, warehouse):
    text = csv([1, 2])
    assert upload(api, tenant, text, query="?source_type=snowflake").status_code == 201
    other = csv([3, 4])
    assert upload(api, tenant, other, fields={"source_type": "snowflake"}).status_code == 201
    sources = warehouse.execute("select distinct source_system from ops.ingestion_log").fetchall()
    assert sources == [{"source_system": "snowflake"}]
    both = upload(api, tenant, text, query="?source_type=manual", fields={"source_type": "snowflake"})
    assert both.status_code == 422
    assert upload(api, tenant, text, query="?source_type=solaredge").status_code == 422
    assert upload(api, tenant, text, fields={"source_type": "solaredge"}).status_code == 422
    bound = type(tenant)(tenant.organization_id, make_key(tenant.organization_id, source_system="snowflake"))
    assert upload(api, bound, text).json()["code"] == "E605_KEY_BOUND"
    reader = type(tenant)(tenant.organization_id, make_key(tenant.organization_id, ["status"]))
    assert upload(api, reader, text).json()["code"] == "E604_SCOPE_MISSING"


def test_what_is_no_form_with_one_file_is_refused_before_anything_is_stored(api, plant, warehouse):
    file = ('name="file"; filename="a.csv"', csv([1, 2]).encode())
    refused = {
        form(file, file): "more than one file",
        form(('name="source_type"', b"manual")): "no part `file`",
        form(file, ('name="organization_id"', b"2")): "not documented",
        form(file, ('name="source_type"', b"x" * 2000)): "longer than",
        form(file, is_whole=False): "last boundary is missing",
        form(file)[:-30]: "last boundary is missing",
        b"--other\r\n": "cannot be read",
        b"": "last boundary is missing",
    }
    for body, why in refused.items():
        answer = send(api, plant, body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), why
        assert why in answer.json()["detail"]
    for kind in ("text/csv", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"):
        assert send(api, plant, form(file), kind).status_code == 415
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 0
    assert keys_in_lake() == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../validated/x.csv", "x.csv"),
        ("..\\..\\x.csv", "x.csv"),
        ("%2e%2e/raw//a.csv", "a.csv"),
        ("/etc/passwd", "passwd"),
        ("..", "unnamed"),
        ("june\u202evsc.exe", "june_vsc.exe"),
        ("a\tb\x1b[31mc.csv", "a_b_[31mc.csv"),
        ("Zähler Süd.csv", "Zähler Süd.csv"),
        ("a" + ".b" * 150, ".b" * 100),
    ],
)
def test_a_name_is_only_a_label(api, plant, warehouse, tmp_path, given, shown):
    from include.lake import keys

    before = set(tmp_path.rglob("*"))
    quoted = given.replace("\\", "\\\\")
    body = form((f'name="file"; filename="{quoted}"', csv([1, 2]).encode()))
    answer = send(api, plant, body)
    assert answer.status_code == 201, answer.text
    load = warehouse.execute("select original_name, lake_key from ops.ingestion_log").fetchone()
    assert load["original_name"] == shown
    assert str(keys.parse_raw(load["lake_key"])) == load["lake_key"]
    outside = {path for path in set(tmp_path.rglob("*")) - before if tmp_path / "lake" not in {path, *path.parents}}
    assert outside == set()


def test_a_forged_line_in_a_name_reaches_no_log(api, plant, caplog):
    name = "x.csv\r\n2026-01-01 ERROR forged"
    api.post("/upload", files={"file": (name, b"{", "text/csv")}, headers=plant.headers)
    assert not any(re.search(r"^2026-01-01 ERROR", record.getMessage(), re.M) for record in caplog.records)


def test_a_file_over_the_limit_is_refused_before_and_while_it_is_read(api, plant, monkeypatch, warehouse):
    monkeypatch.setenv("SUNLEDGER_UPLOAD_LIMIT_MB", "1")
    body = form(('name="file"; filename="a.csv"', b"x" * (2 * 2**20)))
    announced = send(api, plant, body)
    assert (announced.status_code, announced.json()["code"]) == (413, "E608_TOO_LARGE")

    def without_length():
        yield body[:1000]
        for _ in range(100):
            yield b"x" * 2**17

    streamed = send(api, plant, without_length())
    assert (streamed.status_code, streamed.json()["code"]) == (413, "E608_TOO_LARGE")
    a_byte_more = form(('name="file"; filename="a.csv"', b"x" * (2**20 + 1)))
    assert send(api, plant, a_byte_more).status_code == 413
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 0


def test_the_body_of_a_stranger_is_not_read(api, plant):
    read = []

    def body():
        read.append(1)
        yield form(('name="file"; filename="a.csv"', b"x"))

    answer = api.post(
        "/upload",
        content=body(),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Authorization": "Bearer sl_x_y"},
    )
    assert answer.status_code == 401
    assert read == []


def test_a_bomb_is_refused_with_the_limit_it_passed(api, plant, lake_kind):
    import pyarrow as pa
    import pyarrow.parquet

    bomb = gzip.compress(b"timestamp,power\n" + b"2026-06-01T00:00:00Z,1\n" * 2_000_000, 9)
    answer = upload(api, plant, bomb, "bomb.csv.gz")
    assert (answer.status_code, answer.json()["code"]) == (422, "F003_TOO_LARGE")
    assert "ratio" in answer.json()["message"]
    sink = io.BytesIO()
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 1_000_000]))
    columns = {"timestamp": [1_767_225_600] * 200_000, "power": [1] * 200_000, "note": words}
    pyarrow.parquet.write_table(pa.table(columns), sink)
    answer = upload(api, plant, sink.getvalue(), "bomb.parquet")
    assert "slice" in answer.json()["message"]
    assert (answer.status_code, answer.json()["code"]) == (422, "F003_TOO_LARGE")
    assert upload(api, plant, csv([1, 2])).status_code == 201


def test_odd_bytes_are_refused_and_the_next_file_loads(api, plant, lake_kind):
    head = b"timestamp,site_id,energy_wh\n"
    giant = head + b"2026-06-01T00:00:00Z,P1," + b"9" * (7 * 2**20) + b"\n"
    columns = b",".join(b"c%d" % i for i in range(2000)) + b"\n" + b",".join([b"1"] * 2000) + b"\n"
    surrogate = json.dumps({"readings": [{"timestamp": "2026-06-01T00:00:00Z", "site_id": "\ud800", "energy_wh": 1}]})
    odd = {
        "nul.csv": head + b"2026-06-01T00:00:00Z,P\x001,5\n",
        "giant.csv": giant,
        "columns.csv": columns,
        "surrogate.json": surrogate.encode(),
        "noise.bin": bytes(range(256)) * 50,
    }
    for name, content in odd.items():
        answer = upload(api, plant, content, name)
        assert answer.status_code == 422, (name, answer.text[:500])
        assert answer.json()["code"], name
    assert upload(api, plant, csv([1, 2])).json()["rows_accepted"] == 2


def test_rows_of_another_organization_refuse_the_file_and_are_audited(api, plant, neighbour, lake_kind, warehouse):
    stranger = neighbour.organization_id
    text = f"timestamp,site_id,energy_wh,organization_id\n2026-06-01T00:00:00Z,P1,5,{stranger}\n"
    answer = upload(api, plant, text)
    assert (answer.status_code, answer.json()["code"]) == (422, "F008_TENANT_MISMATCH")
    for table in ("raw.file_reading", "quarantine.rejected_row"):
        assert warehouse.execute(f"select count(*) as n from {table}").fetchone()["n"] == 0
    [entry] = warehouse.execute(
        "select organization_id, subject, reason from ops.audit_entry where action = 'refuse load'"
    ).fetchall()
    assert entry["organization_id"] == plant.organization_id
    assert entry["subject"] == f"load {answer.json()['load_id']}" and str(stranger) in entry["reason"]
    row = {"timestamp": "2026-06-01T00:00:00Z", "site_id": "P1", "energy_wh": 5, "organization_id": stranger}
    pushed = {"readings": [row]}
    headers = {"Content-Type": "application/json", **plant.headers}
    answer = api.post("/meter-data", content=json.dumps(pushed), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "F008_TENANT_MISMATCH")


def test_a_repeat_with_its_key_gets_the_first_answer_and_another_file_does_not(api, plant, warehouse):
    first, again = (upload(api, plant, csv([1, 2]), **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json() == again.json() and again.headers["Idempotent-Replayed"] == "true"
    other = upload(api, plant, csv([1, 3]), **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "E610_IDEMPOTENCY_KEY_REUSED")
    assert warehouse.execute("select count(*) as n from ops.ingestion_log").fetchone()["n"] == 1
