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

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "expectations"
COMMON = "readings"
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


def names_for(source_system: str) -> list[str]:
    """The suites that judge a source: the common one, then the vendor's own if there is one."""
    has_own = source_system.isidentifier() and (FOLDER / f"{source_system}.json").is_file()
    return [COMMON, source_system] if has_own and source_system != COMMON else [COMMON]


def rules_of(suites: Sequence[str]) -> list[Rule]:
    """All rules of the suites, in the order in which they stand there."""
    return [rule for suite in suites for rule in _read(suite)]


@cache
def _read(suite: str) -> tuple[Rule, ...]:
    path = FOLDER / f"{suite}.json"
    try:
        expectations = json.loads(path.read_text(encoding="utf-8"))["expectations"]
        return tuple(_rule(expectation) for expectation in expectations)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"the suite {suite!r} cannot be read: {error!r}", place=str(path)) from error


def _rule(expectation: dict[str, Any]) -> Rule:
    meta = expectation["meta"]
    facts = {name: meta[name] for name in ("code", "severity", "column", "message", "remedy")}
    if facts["severity"] not in SEVERITIES or not all(facts.values()):
        raise ValueError(f"incomplete meta: {meta}")
    return Rule(type=expectation["type"], kwargs=expectation["kwargs"], meta=meta, **facts)
