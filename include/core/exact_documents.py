"""YAML and JSON as people mean them: `0.1` is exactly 0.1, `no` is a word, `012` keeps its zero, a date stays text.

PyYAML reads YAML 1.1, where `no` is false, `1:30` is ninety and `0.1` a binary fraction; so only its nodes are used
here and plain scalars are resolved by the core schema of YAML 1.2, numbers with a fraction to decimals. Anchors are
followed within bounds; merge keys, own tags and repeated keys are refused.
"""

import json
import re
from decimal import Decimal
from typing import Any, NamedTuple

import yaml

from include.core.contract_errors import SAID_TWICE, UNREADABLE, ContractRefused, Flaw

MOST_BYTES = 4 << 20
MOST_NODES = 100_000
DEEPEST = 20

TAG = re.compile("tag:yaml.org,2002:(?:map|seq|str|int|float|bool|null|timestamp|merge|value)")
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,39})")
FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]{1,3})?")
WORDS: dict[str, Any] = {
    word: value
    for spellings, value in ((("null", "Null", "NULL", "~", ""), None), (("true", "True", "TRUE"), True),
                             (("false", "False", "FALSE"), False))
    for word in spellings
}  # fmt: skip


class Document(NamedTuple):
    """What a text says, and in which line it says each thing; lines by paths such as `obligations[0].ld_rate`."""

    content: Any
    lines: dict[str, int]


def read_yaml(text: bytes | str) -> Document:
    """Read one YAML document."""
    try:
        node = yaml.compose(_decoded(text), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        raise _refused(f"is no YAML: {what}", line=mark.line + 1 if mark else 0) from None
    except RecursionError:
        raise _refused("is nested too deeply") from None
    if node is None:
        raise _refused("is empty")
    reader = _Reader()
    return Document(_writable(reader.value(node, "", 0)), reader.lines)


def read_json(text: bytes | str) -> Document:
    """Read one JSON document; it has no lines."""
    try:
        content = json.loads(
            _decoded(text), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_without_repetition
        )
    except ValueError as error:
        raise _refused(f"is no JSON: {error}") from None
    except RecursionError:
        raise _refused("is nested too deeply") from None
    return Document(_writable(content), {})


class _Reader:
    """Turns nodes into values and keeps their lines."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.nodes = 0

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        self.nodes += 1
        line = node.start_mark.line + 1
        if self.nodes > MOST_NODES or depth > DEEPEST:
            raise _refused("is too large or nested too deeply", path, line)
        self.lines.setdefault(path, line)
        if not TAG.fullmatch(node.tag):
            raise _refused(f"has a tag of its own, {node.tag[:40]}", path, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{path}[{place}]", depth + 1) for place, item in enumerate(node.value)]
        return _scalar(node.value) if node.style is None else node.value

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key is no word", path, line)
            inner = f"{path}.{key.value}" if path else key.value
            if key.value in found:
                raise ContractRefused([Flaw(SAID_TWICE, inner, "stands there twice", "keep one of the two", line)])
            found[key.value] = self.value(item, inner, depth + 1)
            self.lines[inner] = line
        return found


def _scalar(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2, with exact decimals."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if FRACTION.fullmatch(text) else text


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ContractRefused([Flaw(SAID_TWICE, twice[:100], "stands there twice", "keep one of the two")])
    return found


def _writable(content: Any) -> Any:
    """The content, unless it holds half of a character, which no file and no database can."""
    try:
        json.dumps(content, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise _refused("holds half of a character") from None
    return content


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _decoded(text: bytes | str) -> str:
    if len(text) > MOST_BYTES:
        raise _refused(f"has more than {MOST_BYTES >> 20} MiB")
    try:
        return text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise _refused("is not UTF-8") from None


def _refused(message: str, place: str = "", line: int = 0) -> ContractRefused:
    return ContractRefused([Flaw(UNREADABLE, place, message, "docs/contracts.md shows a complete file", line)])
