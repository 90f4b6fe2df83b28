"""The Terraform for clients, evaluated without Terraform: it parses, names only what it declares, and lets in no more
than its page says."""

import re
import shutil
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples" / "snowflake_s3"
VARIABLES = """
bucket = "lake"
organization_id = 42
snowflake_user_arn = "arn:aws:iam::999988887777:user/snowflake"
snowflake_external_id = "CLIENT_1"
"""
REFERENCE = re.compile(r"(?<![\w.\"/-])((?:data\.)?(?:var|local|aws_\w+)\.[a-z_]\w*)")
BUCKET = "arn:aws:s3:::lake"
OWN = f"{BUCKET}/raw/snowflake/42"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Evaluate the files with some variables; every block by its type."""
    tfparse = pytest.importorskip("tfparse", reason="there is no build of tfparse for this platform")

    def evaluate(variables: str) -> dict[str, list[dict]]:
        folder = tmp_path_factory.mktemp("terraform")
        shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
        (folder / "client.tfvars").write_text(variables)
        return tfparse.load_from_path(str(folder), vars_paths=["client.tfvars"])

    return evaluate


def document(blocks, name: str) -> list[dict]:
    """The statements of a policy document."""
    (found,) = (b for b in blocks["aws_iam_policy_document"] if b["__tfmeta"]["path"].endswith(f".{name}"))
    return found["statement"] if isinstance(found["statement"], list) else [found["statement"]]


def allows(statements: list[dict], action: str, resource: str, **context: str) -> bool:
    """AWS's rule: something allows it and nothing denies it; conditions are StringLike and StringEquals."""

    def fits(statement: dict) -> bool:
        condition = statement.get("condition")
        return (
            any(fnmatchcase(action, pattern) for pattern in statement["actions"])
            and any(fnmatchcase(resource, pattern) for pattern in statement["resources"])
            and (
                not condition or any(fnmatchcase(context.get("prefix", ""), pattern) for pattern in condition["values"])
            )
        )

    effects = {statement.get("effect", "Allow") for statement in statements if fits(statement)}
    return effects == {"Allow"}


def test_the_files_name_only_what_they_declare(evaluated):
    blocks = evaluated(VARIABLES)
    declared = {block["__tfmeta"]["path"] for found in blocks.values() for block in found if "__tfmeta" in block}
    declared = {path.replace("variable.", "var.").replace("locals.", "local.") for path in declared}
    text = "\n".join(re.sub(r"#.*", "", path.read_text()) for path in sorted(FOLDER.glob("*.tf")))
    declared |= {
        f"local.{name}" for name in re.findall(r"^  (\w+)\s+=", text[text.index("locals {") :].split("\n}")[0], re.M)
    }
    declared |= {f"var.{name}" for name in re.findall(r'^variable "(\w+)"', text, re.M)}
    named = set(REFERENCE.findall(text))
    assert {"var.bucket", "local.prefix", "aws_s3_bucket.lake", "data.aws_iam_policy_document.drop"} <= named
    assert named <= declared


@pytest.mark.parametrize(
    ("action", "resource", "context", "is_allowed"),
    [
        ("s3:PutObject", f"{OWN}/2026-06-01/data_0_0_0.snappy.parquet", {}, True),
        ("s3:PutObject", f"{BUCKET}/raw/snowflake/421/2026-06-01/a.parquet", {}, False),
        ("s3:PutObject", f"{BUCKET}/raw/manual/42/2026-06-01/a.parquet", {}, False),
        ("s3:PutObject", f"{BUCKET}/validated/snowflake/42/a.parquet", {}, False),
        ("s3:PutObject", f"{OWN}/2026-06-01/landed/0123456789abcdef/a.parquet", {}, False),
        ("s3:GetObject", f"{OWN}/2026-06-01/a.parquet", {}, False),
        ("s3:DeleteObject", f"{OWN}/2026-06-01/a.parquet", {}, False),
        ("s3:ListBucket", BUCKET, {"prefix": "raw/snowflake/42/"}, True),
        ("s3:ListBucket", BUCKET, {"prefix": "raw/snowflake/421/"}, False),
        ("s3:ListBucket", BUCKET, {"prefix": ""}, False),
        ("s3:GetBucketLocation", BUCKET, {}, True),
        ("s3:PutBucketPolicy", BUCKET, {}, False),
    ],
)
def test_a_client_may_put_below_its_own_prefix_and_nothing_else(evaluated, action, resource, context, is_allowed):
    assert allows(document(evaluated(VARIABLES), "drop"), action, resource, **context) is is_allowed


def test_nobody_gets_in_before_the_client_is_introduced_and_then_it_alone(evaluated):
    (trust,) = document(evaluated(VARIABLES), "trust")
    assert trust["principals"]["identifiers"] == ["arn:aws:iam::999988887777:user/snowflake"]
    assert trust["condition"]["values"] == ["CLIENT_1"]
    (before,) = document(evaluated('bucket = "lake"\norganization_id = 42\n'), "trust")
    assert before["condition"]["values"] == ["nobody-yet"]


def test_the_bucket_is_private_versioned_and_keeps_what_was_delivered(evaluated):
    blocks = evaluated(VARIABLES)
    (block,) = blocks["aws_s3_bucket_public_access_block"]
    names = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    assert all(block[name] is True for name in names)
    (versioning,) = blocks["aws_s3_bucket_versioning"]
    assert versioning["versioning_configuration"]["status"] == "Enabled"
    (lifecycle,) = blocks["aws_s3_bucket_lifecycle_configuration"]
    assert all("expiration" not in rule for rule in lifecycle["rule"])
    (plain,) = document(blocks, "encrypted_transport")
    assert (plain["effect"], plain["condition"]["variable"]) == ("Deny", "aws:SecureTransport")
