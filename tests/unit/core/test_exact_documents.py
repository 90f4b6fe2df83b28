"""YAML and JSON as people mean them."""

from decimal import Decimal

import pytest

from include.core.contract_errors import ContractRefused
from include.core.exact_documents import DEEPEST, read_json, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("1e3", Decimal(1000)),
        ("-0.0035", Decimal("-0.0035")),
        (".5", Decimal("0.5")),
        ("98", 98),
        ("012", "012"),
        ("012.5", "012.5"),
        ("5.10", Decimal("5.10")),
        ("0", 0),
        ("0.", Decimal(0)),
        ("no", "no"),
        ("On", "On"),
        ("true", True),
        ("~", None),
        ("", None),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31 10:05:00", "2026-01-31 10:05:00"),
        (".nan", ".nan"),
        ('"0.10"', "0.10"),
    ],
)
def test_a_plain_scalar_is_what_it_looks_like(text, value):
    content, _ = read_yaml(f"x: {text}")
    assert content == {"x": value} and type(content["x"]) is type(value)


def test_every_value_knows_its_line():
    document = read_yaml("a:\n  - b: 1\n    c:\n      d: 2\n")
    assert document.content == {"a": [{"b": 1, "c": {"d": 2}}]}
    assert document.lines["a[0].c.d"] == 4 and document.lines["a[0]"] == 2


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{last}'] * 10)}]\n" for last, name in zip("abcdef", "bcdefg", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", 3),
        ("a: [1, 2\n", 2),
        ("a: !!python/object:os.system {}\n", 1),
        ("a: !vault x\n", 1),
        ("a: &a [*a]\n", 1),
        (BOMB, 1),
        ("", 0),
        ("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2), 1),
        ("a: \xff".encode("latin-1"), 0),
        ("? [a]\n: 1\n", 1),
        ('a: "\\ud800"', 0),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(text, line):
    with pytest.raises(ContractRefused) as raised:
        read_yaml(text)
    [flaw] = raised.value.flaws
    assert (flaw.line, flaw.code[:4]) == (line, "C707" if "b: 2" in str(text) else "C701")


def test_json_keeps_decimals_and_refuses_what_yaml_refuses():
    assert read_json('{"a": 0.1, "b": 1e400}').content == {"a": Decimal("0.1"), "b": Decimal("1e400")}
    for text in ('{"a": 1, "a": 2}', '{"a": NaN}', "[" * 100_000, "{", '{"\\udfff": 1}'):
        with pytest.raises(ContractRefused):
            read_json(text)
