"""Secrets as people enter them: which fields a vendor's accounts have, and how a text gives them."""

import json
from typing import Any, NamedTuple

from include.core.errors import ConfigurationError
from include.pipeline import accounts
from include.security.tokens import Secret


class Fields(NamedTuple):
    """What a person enters for one kind of account."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]

    def fit(self, secret: Secret) -> bool:
        """Whether a secret has just these fields."""
        return set(self.needed) <= set(secret) <= {*self.needed, *self.optional}


def kinds(source_system: str) -> dict[str, Fields]:
    """The ways to hold an account of a vendor: auth_type -> its fields."""
    return {
        kind: Fields(
            tuple(name for name in names if not name.endswith("?")),
            tuple(name[:-1] for name in names if name.endswith("?")),
        )
        for kind, names in accounts.vendor(source_system).ACCOUNTS.items()
    }


def read_secret(source_system: str, auth_type: str, text: str) -> tuple[str, Secret]:
    """The kind of account and the secret that a text holds: a JSON object of the vendor's fields, or the only value.

    Without `auth_type` the fields tell which kind it is; empty ones count as left out. Messages name fields, never
    values.
    """
    text, ways = text.strip(), kinds(source_system)
    if auth_type and auth_type not in ways:
        raise ConfigurationError(
            f"{source_system} has no {auth_type} accounts", remedy=f"choose from {', '.join(ways) or 'the browser'}"
        )
    ways = {auth_type: ways[auth_type]} if auth_type else ways
    secret = _object(text)
    if secret is None:
        single = [(kind, fields.needed[0]) for kind, fields in ways.items() if len(fields.needed) == 1]
        if not text or len(single) != 1:
            raise ConfigurationError(
                "the secret is empty, or a JSON object is needed", remedy=_wanted(source_system, ways)
            )
        kind, field = single[0]
        return kind, {field: text}
    is_text = all(isinstance(value, str) for value in secret.values())
    given = {field: value.strip() for field, value in secret.items() if value.strip()} if is_text else {}
    fitting = [kind for kind, fields in ways.items() if fields.fit(given)]
    if not fitting:
        raise ConfigurationError("the secret does not have the vendor's fields", remedy=_wanted(source_system, ways))
    return fitting[0], given


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object of a text; None when it is something else."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _wanted(source_system: str, ways: dict[str, Fields]) -> str:
    forms = [
        f"{kind} with {', '.join([*fields.needed, *(f'{name} (optional)' for name in fields.optional)])}"
        for kind, fields in ways.items()
        if fields.needed
    ]
    return f"{source_system} takes {' or '.join(forms) or 'no entered secrets: connect the account in the browser'}"
