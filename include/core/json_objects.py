"""JSON objects that name each of their members once: which of two values was meant, nobody can know."""

from typing import Any


class MemberRepeated(ValueError):
    """An object names one of its members twice."""

    def __init__(self, name: str) -> None:
        super().__init__(f"an object names {name[:100]!r} twice")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members; an `object_pairs_hook`."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise MemberRepeated(next(name for name in names if names.count(name) > 1))
    return found
