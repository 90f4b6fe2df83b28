"""JSON objects that name each of their members once: which of two values was meant, nobody can know."""

import json
from typing import Any

Pairs = list[tuple[str, Any]]


class MemberRepeated(ValueError):
    """An object names one of its members twice."""

    def __init__(self, name: str) -> None:
        super().__init__(f"an object names {name[:100]!r} twice")


class _Marked(dict[str, Any]):
    """An object that names a member twice, for who looks for its place."""

    def __init__(self, pairs: Pairs) -> None:
        super().__init__(pairs)
        self.repeated = _repeated(pairs)


def once(pairs: Pairs) -> dict[str, Any]:
    """Make an object of its members; an `object_pairs_hook`."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MemberRepeated(_repeated(pairs))
    return found


def pointer(text: str) -> str:
    """Where in a JSON text the outermost member stands that is named twice, as a JSON pointer; empty where none is."""
    waiting = [("#", json.loads(text, object_pairs_hook=_marked))]
    for path, value in waiting:  # it grows while it is walked, so what is outside comes first
        if isinstance(value, _Marked):
            return f"{path}/{_escaped(value.repeated)}"
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting.extend((f"{path}/{_escaped(str(name))}", item) for name, item in inner)
    return ""


def _marked(pairs: Pairs) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Marked(pairs)


def _repeated(pairs: Pairs) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return name


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
