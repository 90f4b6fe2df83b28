"""Files of ``KEY=VALUE`` lines: the user's ``.env`` and the exports of the running stack.

A value may be quoted as in a shell; unquoted it reaches to the end of the line or to `` #``, so
that a JSON connection needs no quotes. Nothing is interpolated.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from include.core.errors import ConfigurationError
from include.local.secrets import write_private

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse(text: str, place: str = ".env") -> dict[str, str]:
    """Return the variables of a file; the last of two equal names wins."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        statement = line.strip().removeprefix("export ")
        if not statement or statement.startswith("#"):
            continue
        name, equals, value = statement.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise ConfigurationError("expected KEY=VALUE", place=f"{place} line {number}")
        variables[name.strip()] = _value(value.strip(), f"{place} line {number}")
    return variables


def read(path: Path) -> dict[str, str]:
    """Return the variables of a file, none if the file does not exist."""
    try:
        return parse(path.read_text(), str(path))
    except FileNotFoundError:
        return {}


def write(path: Path, variables: Mapping[str, str]) -> None:
    """Replace the file at once, readable by its owner only; a shell can source it."""
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    write_private(path, "".join(lines))


def _value(text: str, place: str) -> str:
    if text.startswith(("'", '"')):
        try:
            return "".join(shlex.split(text, comments=True))
        except ValueError as unbalanced:
            raise ConfigurationError(str(unbalanced), place=place) from unbalanced
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
