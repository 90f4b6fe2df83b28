"""Kinds of values that several requests hold, as narrow as what is stored."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from include.core import clock
from include.core.errors import ConfigurationError

MOST_ID = 2**63 - 1
# no control characters and nothing that turns text around; blanks neither first nor last
_SHOWN = r"\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
SHOWN = rf"^[^\s{_SHOWN}]([^{_SHOWN}]*[^\s{_SHOWN}])?$"

Id = Annotated[int, Field(ge=1, le=MOST_ID)]
PathId = Annotated[int, Path(ge=1, le=MOST_ID)]
# pages of lists
AFTER, MOST = "`next_after` of the page before; none: from the beginning.", "Most items of a page."
After = Annotated[int, Query(ge=0, le=MOST_ID, description=AFTER)]
Limit = Annotated[int, Query(ge=1, le=500, description=MOST)]
ShortLimit = Annotated[int, Query(ge=1, le=200, description=MOST)]
AfterUuid = Annotated[UUID | None, Query(description=AFTER)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=SHOWN)]
Label = Annotated[str, StringConstraints(max_length=100, pattern=rf"^([^{_SHOWN}]*)$")]
SourceSystem = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,49}$")]


def known_zone(name: str) -> str:
    """Refuse a name that is no time zone."""
    try:
        clock.zone(name)
    except ConfigurationError:
        raise ValueError("is no IANA time zone such as Europe/Berlin") from None
    return name


TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(known_zone)]


class Form(BaseModel):
    """A request body; what is not documented is refused."""

    model_config = ConfigDict(extra="forbid")


def example(value: dict[str, Any]) -> ConfigDict:
    """A form's configuration with an example for the documentation."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [value]})
