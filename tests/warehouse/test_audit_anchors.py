"""Anchors: what the chain alone cannot show. An attacker here is a superuser who knows how entries are hashed."""

import json

import pytest
from typer.testing import CliRunner

from tests.warehouse.conftest import ORGANIZATION, append


def verified(organization_id: int = ORGANIZATION, *, with_anchors: bool = True):
    from include.pipeline import audit_chain

    [found] = audit_chain.verify(organization_id, with_anchors=with_anchors)
    return found


def sunledger(*arguments: str):
    from include.cli.app import app

    return CliRunner().invoke(app, ["audit", *arguments])


@pytest.fixture
def anchored(warehouse) -> list[str]:
    """Twenty entries, anchored after the tenth and at the end; the keys of the anchors."""
    from include.pipeline import audit_chain

    append(10)
    keys = audit_chain.anchor()
    append(10)
    return keys + audit_chain.anchor()


def rewrite(changing, first: int) -> None:
    """Change what an entry says and compute every hash from there on anew, as we would."""
    from include.core.audit_chain import entry_hash, statement_hash

    changing.execute("update ops.audit_entry set reason = 'as agreed' where seq = %s", [first])
    entries = changing.execute(
        "select * from ops.audit_entry where seq >= %s order by seq desc", [first - 1]
    ).fetchall()
    previous = entries.pop()["entry_hash"]
    changed = []
    for entry in reversed(entries):
        entry["output_hash"], entry["previous_hash"] = statement_hash(entry), previous
        entry["entry_hash"] = previous = entry_hash(entry)
        changed.append(entry)
    changing.execute("alter table ops.audit_entry drop constraint audit_entry_organization_id_previous_hash_key")
    for entry in changed:
        changing.execute(
            """
            update ops.audit_entry
            set output_hash = %(output_hash)s, previous_hash = %(previous_hash)s, entry_hash = %(entry_hash)s
            where seq = %(seq)s
            """,
            entry,
        )


def test_an_untouched_chain_is_sound_up_to_its_anchor(anchored):
    from include.pipeline import audit_chain

    assert [key.split("/")[-1][:12] for key in anchored] == ["000000000010", "000000000020"]
    found = verified()
    assert found.is_sound and (found.entries, found.anchored_seq, found.unanchored_since) == (20, 20, None)
    assert audit_chain.anchor() == [], "the same heads are anchored once"
    append(1)
    assert verified().anchored_seq == 20 and verified().unanchored_since


def test_without_anchors_the_whole_chain_counts_as_unanchored(anchored):
    found = verified(with_anchors=False)
    assert found.is_sound and found.anchored_seq == 0 and found.unanchored_since
    result = sunledger("verify")
    assert result.exit_code == 0 and "warning: unanchored since 20" in result.output


def test_a_tail_that_was_cut_off_is_missed_by_its_anchor(anchored, administrator):
    with administrator() as changing:
        changing.execute("delete from ops.audit_entry where seq > 10")
    assert verified(with_anchors=False).is_sound, "the chain alone does not know"
    found = verified()
    assert (found.fault.seq, found.fault.field, found.anchored_seq) == (11, "seq", 10)
    result = sunledger("verify", "--anchors")
    assert result.exit_code == 1 and f"BAD organization {ORGANIZATION}, seq 11, seq: is gone" in result.output


def test_a_chain_that_was_written_anew_contradicts_its_anchor(anchored, administrator):
    from include.pipeline import audit_chain

    with administrator() as changing:
        rewrite(changing, first=13)
    assert verified(with_anchors=False).is_sound
    assert (verified().fault.seq, verified().fault.field) == (11, "entry_hash")
    append(1)
    audit_chain.anchor()
    assert verified().fault.seq == 11, "a later anchor hides nothing"


def test_a_chain_that_is_gone_altogether_is_missed(anchored, administrator):
    from include.pipeline import audit_chain

    with administrator() as changing:
        changing.execute("delete from ops.audit_entry")
    [found] = audit_chain.verify(with_anchors=True)
    assert (found.organization_id, found.fault.seq) == (ORGANIZATION, 1)


@pytest.mark.parametrize("forgery", ["changed", "moved", "foreign", "rubbish"])
def test_an_anchor_that_we_did_not_sign_counts_for_nothing(anchored, forgery, tmp_path, monkeypatch):
    from include.lake.store import Lake

    path = tmp_path / "lake" / anchored[1]
    document = json.loads(path.read_text())
    if forgery == "changed":
        document["anchor"]["entry_hash"] = document["anchor"]["entry_hash"][:16] + "0" * 48
    elif forgery == "moved":
        path = path.with_name("000000000019-" + path.name[13:])
    elif forgery == "foreign":
        monkeypatch.setenv("SUNLEDGER_SIGNING_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    path.unlink(missing_ok=True)
    Lake().put_bytes(
        str(path.relative_to(tmp_path / "lake")), b"{}" if forgery == "rubbish" else json.dumps(document).encode()
    )
    found = verified()
    assert not found.is_sound and found.refused_anchors
    result = sunledger("verify", "--anchors", "--organization", "0")
    assert result.exit_code == 0, "other chains are not concerned"


def test_anchors_are_locked_where_the_store_can(warehouse, s3_lake, monkeypatch):
    from botocore.exceptions import ClientError

    from include.lake.store import Lake
    from include.pipeline import audit_chain

    monkeypatch.setenv("SUNLEDGER_EVIDENCE_LOCK_DAYS", "3650")
    bucket = f"locked-{s3_lake.split('/')[2]}"
    Lake(s3_lake).fs.call_s3("create_bucket", Bucket=bucket, ObjectLockEnabledForBucket=True)
    monkeypatch.setenv("LAKE_URL", f"s3://{bucket}/prefix")
    append(1, organization_id=1)
    append(1, organization_id=10)
    keys = audit_chain.anchor()
    assert [found.anchored_seq for found in audit_chain.verify(with_anchors=True)] == [1, 1]
    lake = Lake()
    name = f"prefix/{keys[0]}"
    version = lake.fs.call_s3("head_object", Bucket=bucket, Key=name)["VersionId"]
    with pytest.raises((ClientError, PermissionError)):
        lake.fs.call_s3("delete_object", Bucket=bucket, Key=name, VersionId=version)


def test_an_export_can_be_verified_without_the_database(anchored, tmp_path):
    from include.core.audit_chain import Verifier

    file = tmp_path / "chain.jsonl"
    assert sunledger("export", "0", str(file)).exit_code == 0 and len(file.read_text().splitlines()) == 1
    from include.pipeline import audit_chain

    assert audit_chain.export(ORGANIZATION, file, actor="ann") == 21
    entries = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert Verifier(ORGANIZATION).first_fault(entries) is None
    assert entries[-1]["action"] == "export audit"


def test_entries_are_listed_newest_first(anchored):
    result = sunledger("list", "--json", "--action", "test", "--limit", "3")
    assert [entry["seq"] for entry in json.loads(result.output)] == [20, 19, 18]
    result = sunledger("list", "--json", "--subject", "thing 4", "--since", "2020-01-01")
    assert [entry["seq"] for entry in json.loads(result.output)] == [15, 5]
