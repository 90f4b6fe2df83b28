"""The suites of `expectations/`: what is checked, how severe it is, and what people are told.

One file is one suite, in the form in which Great Expectations stores it. `meta` of every expectation holds

code:      the stable rule code; several expectations may share one
severity:  `reject` (the row is refused), `hold` (refused until its device is mapped) or `warn` (the row passes)
column:    the column of the profiled readings that shows the cell in question, or names the cells
message:   what is wrong, and `remedy`, what to do about it: sentences for the client
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from include.core.errors import ConfigurationError, NotFound
from include.core.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "expectations"
REFUSING = ("reject", "hold")
SEVERITIES = (*REFUSING, "warn")


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation; `type` and `kwargs` are Great Expectations' own."""

    type: str
    kwargs: dict[str, Any]
    meta: dict[str, Any]
    code: str
    severity: str
    column: str
    message: str
    remedy: str

    @property
    def is_refusing(self) -> bool:
        """True if a row that breaks the rule does not pass."""
        return self.severity in REFUSING

    @property
    def failure_severity(self) -> str:
        """The severity in the words of Great Expectations."""
        return "critical" if self.is_refusing else "warning"


def all_names() -> list[str]:
    """The names of all suites."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def rules_of(names: Sequence[str]) -> list[Rule]:
    """All rules of the suites, in the order in which they stand there."""
    return [rule for name in names for rule in _rules(name)]


def text_of(name: str) -> str:
    """A suite as it is stored."""
    if name not in all_names():
        raise NotFound(f"there is no suite {name!r}", place=str(FOLDER))
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


@cache
def _rules(name: str) -> tuple[Rule, ...]:
    try:
        return tuple(_rule(expectation) for expectation in json.loads(text_of(name))["expectations"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"the suite {name!r} is not as it should be: {error!r}", place=str(FOLDER)) from error


def _rule(expectation: dict[str, Any]) -> Rule:
    meta = expectation["meta"]
    facts = {name: meta[name] for name in ("code", "severity", "column", "message", "remedy")}
    if facts["severity"] not in SEVERITIES or not all(facts.values()):
        raise ValueError(f"incomplete meta: {meta}")
    return Rule(type=expectation["type"], kwargs=expectation["kwargs"], meta=meta, **facts)
