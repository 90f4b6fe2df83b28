"""The passwords and keys of this machine's stack: generated once, kept in ``.local/secrets.json``."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from include.core.errors import ConfigurationError

VAULT_KEY_ID = "k1"


def _password() -> str:
    return secrets.token_urlsafe(24)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _signing_key() -> str:
    return secrets.token_hex(64)


def _url_safe_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class Secrets:
    """One value per purpose; each is drawn anew unless the file has it."""

    postgres: str = field(default_factory=_password, repr=False)
    loader: str = field(default_factory=_password, repr=False)
    transformer: str = field(default_factory=_password, repr=False)
    api: str = field(default_factory=_password, repr=False)
    reader: str = field(default_factory=_password, repr=False)
    airflow_database: str = field(default_factory=_password, repr=False)
    airflow_admin: str = field(default_factory=_password, repr=False)
    airflow_session: str = field(default_factory=_signing_key, repr=False)
    airflow_jwt: str = field(default_factory=_signing_key, repr=False)
    airflow_fernet: str = field(default_factory=_url_safe_key, repr=False)
    vault_keys: dict[str, str] = field(default_factory=lambda: {VAULT_KEY_ID: _key()}, repr=False)
    signing: str = field(default_factory=_key, repr=False)


def load(path: Path) -> Secrets:
    """Return the secrets of the file, creating it or adding what a newer version needs."""
    try:
        known = json.loads(path.read_text())
        found = Secrets(**known)
    except FileNotFoundError:
        known, found = {}, Secrets()
    except (ValueError, TypeError) as damage:
        raise ConfigurationError(
            f"the secrets file is damaged: {damage}", place=str(path), remedy="restore it, or run `make clean`"
        ) from damage
    if asdict(found) != known:
        write_private(path, json.dumps(asdict(found), indent=2))
    path.chmod(0o600)
    return found


def write_private(path: Path, text: str) -> None:
    """Replace a file at once; nobody but its owner can read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(path)
