"""A pack: the same bytes everywhere, nothing personal in it, and nothing that can be changed unnoticed."""

import base64
import json
import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from include.core.settings import PROJECT_ROOT
from include.evidence.offline import verify
from include.evidence.pack import ORDER, draft, exported, seal
from include.security.signing import public_base64
from tests.unit.evidence.cases import METER, a_case, readings, usual


def key_of(signer):
    return verify.public_key(signer.public_key_text)


def failed(body: bytes, signer) -> list[str]:
    """What the verifier says is wrong with a zip file."""
    try:
        members = verify.unzip(body)
    except verify.Failed as failure:
        return [f"zip: {failure}"]
    return [name for name, holds, _ in verify.verify(members, key_of(signer)) if holds is False]


def test_a_pack_holds(body, signer):
    checks = verify.verify(verify.unzip(body), key_of(signer))
    assert [check for check in checks if check[1] is False] == []
    assert {"aggregates", "calculation", "weather", "signature", "data_hash", "Merkle root"} <= {c[0] for c in checks}


def test_the_files_are_in_their_order_and_plain(body):
    with zipfile.ZipFile(BytesIO(body)) as archive:
        assert [info.filename for info in archive.infolist()] == ["manifest.json", "manifest.sig", *ORDER]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


BUILD = """
import locale, sys
locale.setlocale(locale.LC_ALL, "")
from include.evidence.pack import draft
from include.security.signing import Signer
from tests.unit.evidence.cases import usual
sys.stdout.buffer.write(draft(usual(), Signer.from_environment()).body())
"""


def test_the_same_bytes_in_another_process_place_and_time(body, tmp_path):
    from tests.unit.evidence.conftest import SEED

    environment = {
        "PATH": os.environ["PATH"], "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "4711",
        "PYTHONPATH": str(PROJECT_ROOT), "SUNLEDGER_SIGNING_KEY": base64.b64encode(SEED).decode(),
    }  # fmt: skip
    built = subprocess.run(
        [sys.executable, "-c", BUILD], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    assert built.stdout == body


def test_the_pack_is_checked_by_its_own_scripts_alone(body, signer, tmp_path):
    pack = tmp_path / "pack.zip"
    pack.write_bytes(body)
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "out")
    command = [sys.executable, "verify.py", "--key", public_base64(signer.public_key_text)]
    run = {"cwd": tmp_path / "out", "env": {"PATH": os.environ["PATH"]}, "capture_output": True, "text": True}
    for place in (str(pack), "."):
        told = subprocess.run([*command, place], check=False, **run)
        assert (told.returncode, "The pack is intact" in told.stdout) == (0, True), told.stdout + told.stderr
    (tmp_path / "out" / "readings.jsonl").unlink()
    told = subprocess.run([*command, "."], check=False, **run)
    assert told.returncode == 1 and "readings.jsonl is missing" in told.stdout
    assert subprocess.run([*command[:2], str(pack)], check=False, **run).returncode == 2


def test_any_bit_that_is_flipped_is_found(body, signer):
    for place in range(5, len(body), len(body) // 150):
        changed = bytearray(body)
        changed[place] ^= 1 << place % 8
        assert failed(bytes(changed), signer), f"bit {place % 8} of byte {place}"


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig", *ORDER])
def test_a_file_that_was_changed_or_taken_away_is_named(body, signer, name):
    members = verify.unzip(body)
    changed = bytearray(members[name] or b"\x00")
    changed[len(changed) // 2] ^= 4
    found = verify.verify(members | {name: bytes(changed)}, key_of(signer))
    missing = verify.verify({other: members[other] for other in members if other != name}, key_of(signer))
    where = {"manifest.json": {"manifest", "signature"}, "manifest.sig": {"signature"}}.get(name, {f"file {name}"})
    for checks in (found, missing):
        assert where & {check for check, holds, _ in checks if holds is False}
        assert name == "manifest.sig" or any(name in f"{c} {d}" for c, holds, d in checks if holds is False)
        assert "no other files" not in {check for check, holds, _ in checks if holds is False}


def test_a_file_that_was_added_is_named(body, signer):
    members = verify.unzip(body) | {"note.txt": b"trust me"}
    assert [name for name, holds, _ in verify.verify(members, key_of(signer)) if holds is False] == ["no other files"]


def test_files_swapped_between_two_packs_are_named(body, signer):
    other = draft(a_case(5, readings(5, zero=("2026-06-02T12",))), signer).members()
    members = verify.unzip(body)
    swapped = members | {"readings.jsonl": other["readings.jsonl"], "calculation.json": other["calculation.json"]}
    names = {name for name, holds, _ in verify.verify(swapped, key_of(signer)) if holds is False}
    assert {"file readings.jsonl", "file calculation.json", "data_hash"} <= names


def test_another_signer_is_refused(drafted, signer):
    other = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    key = verify.public_key(f"-----BEGIN PUBLIC KEY-----\n{other}\n-----END PUBLIC KEY-----\n")
    assert "signature" in {name for name, holds, _ in verify.verify(drafted.members(), key) if holds is False}


@pytest.mark.parametrize(
    ("document", "change", "said"),
    [
        ("calculation", lambda d: d["result"].update(ld_payable="1"), "ld_payable is stated as 1"),
        ("calculation", lambda d: d["result"].update(shortfall="0"), "shortfall is stated as 0"),
        ("calculation", lambda d: d.update(outcome="kept"), "outcome is stated as kept"),
        ("aggregates", lambda d: d["days"][2].update(produced_hours="11"), "2026-06-03: produced_hours"),
        ("aggregates", lambda d: d["days"].pop(), "lies in no day"),
        ("weather", lambda d: d["slots"][10].update(irradiance_wm2="7"), "irradiance_wm2 is stated as 7"),
        ("excused_events", lambda d: d["events"].clear(), "excused_hours"),
        ("contract_terms", lambda d: d["obligation"].update(ld_rate="5000"), "ld_before_cap"),
        ("contract_terms", lambda d: d["terms"].update(more="1"), "the terms were changed"),
    ],
)
def test_numbers_that_do_not_follow_are_found_even_under_a_good_signature(signer, document, change, said):
    """As if the operator had signed a wrong result."""
    drafted = draft(usual(), signer)
    members = dict(drafted.members())
    content = json.loads(members[f"{document}.json"])
    change(content)
    members[f"{document}.json"] = verify.canonical(content)
    manifest = json.loads(members["manifest.json"])
    for entry in manifest["files"]:
        entry |= {"size_bytes": len(members[entry["name"]]), "sha256": verify.sha256(members[entry["name"]])}
    members["manifest.json"] = verify.canonical(manifest)
    members["manifest.sig"] = seal(members["manifest.json"], signer)
    checks = verify.verify(members, key_of(signer))
    assert any(said in details for _, holds, details in checks if holds is False), checks


def test_an_export_is_the_stored_pack_and_a_signed_part(body, signer):
    custody = [{"seq": 7, "action": "export evidence", "occurred_at": "2026-07-07T10:00:00Z", "actor_kind": "person"}]
    out = exported(body, signer, exported_at="2026-07-07T10:00:01Z", custody=custody)
    assert failed(out, signer) == []
    members = verify.unzip(out)
    info = json.loads(members["export_info.json"])
    assert info["pack_sha256"] == verify.sha256(body) and info["custody"] == custody
    rest = {name: content for name, content in members.items() if not name.startswith("export_info.")}
    assert verify.zipped(rest) == body
    forged = members | {"export_info.json": members["export_info.json"].replace(b"person", b"client")}
    assert "export signature" in failed(verify.zipped(forged), signer)
    for half in ("export_info.json", "export_info.sig"):
        without = {name: content for name, content in members.items() if name != half}
        assert failed(verify.zipped(without), signer) == ["export signature"]


# what the warehouse says of a calculation, and what the contract file says, is told whole
TOLD_WHOLE = ("excused_hours_by_class.", "terms.", "calculation.", "request.", "verdict.", "quarantined.")


def test_nothing_personal_enters_a_pack(drafted):
    """Names and free texts of the rows hold a canary; the documents hold only fields that are known here."""
    members = drafted.members()
    assert not [name for name, content in members.items() if b"canary-person" in content]
    found = {name: fields(json.loads(content)) for name, content in members.items() if name.endswith(".json")}
    for name in ("readings.jsonl", "audit.jsonl"):
        found[name] = {field for line in members[name].splitlines() for field in json.loads(line)}
    allowed = json.loads((Path(__file__).parent / "pack_fields.json").read_text())
    for name, names in found.items():
        assert names, name
        assert {field for field in names if not any(told in field for told in TOLD_WHOLE)} <= set(allowed[name])


def fields(value, path: str = "") -> set[str]:
    """The paths of all members of a document, lists without their places."""
    if isinstance(value, dict):
        return {p for name, inner in value.items() for p in {f"{path}{name}", *fields(inner, f"{path}{name}.")}}
    return {p for inner in value for p in fields(inner, path)} if isinstance(value, list) else set()


def test_a_meter_without_a_reading_makes_a_pack_too(signer):
    case = a_case(2, [], meters=[METER])
    drafted = draft(case, signer)
    assert [c for c in verify.verify(drafted.members(), key_of(signer)) if c[1] is False] == []
    assert drafted.texts["calculation"]["outcome"] == "inconclusive"
