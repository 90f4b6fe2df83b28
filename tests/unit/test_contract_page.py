"""The page for contract managers: its file is right, and it names every field as the models do."""

import re
from pathlib import Path

import pytest

from include.core import contract_errors
from include.core.exact_documents import read_yaml
from include.core.terms_check import check
from include.core.terms_reference import PARTS, markdown

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", PARTS)
def test_every_field_stands_in_the_page_with_its_unit_default_and_effect(part):
    assert f"### {part}\n\n{markdown(part)}" in PAGE, "paste what `sunledger contracts fields` prints"


def test_the_complete_file_is_right_and_shows_every_part_and_every_metric():
    [text] = re.findall(r"```yaml\n(contract:.*?|organization:.*?)```", PAGE, re.DOTALL)
    checked = check(*read_yaml(text))
    assert checked.contract and checked.events and checked.tests and checked.notes == []
    assert len({obligation.metric for obligation in checked.obligations}) == 6


def test_every_code_is_explained():
    codes = {value for name, value in vars(contract_errors).items() if name.isupper() and str(value).startswith("C7")}
    assert len(codes) == 9
    assert all(f"| {code} |" in PAGE for code in codes)
