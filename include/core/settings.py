"""Settings come from the environment; every name read here stands in `.env.example`."""

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from urllib.parse import urlsplit

from include.core.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
LOCAL = PROJECT_ROOT / ".local"

ERROR_SHARE_LIMIT_PERCENT = 10.0
RETENTION_DAYS = {"raw": 7, "validated": 30, "quarantine": 14, "reading": 90}

_lake_elsewhere: ContextVar[str | None] = ContextVar("lake_elsewhere", default=None)


def required(name: str) -> str:
    """The value of an environment variable, or a clear error that names it."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(
            f"{name} is not set", remedy="start the stack with `make run`, or set it in .env as .env.example shows"
        )
    return value


def warehouse_url(role: str) -> str:
    """The connection URL of one service role: loader, transformer, api or reader."""
    return required(f"WAREHOUSE_{role.upper()}_URL")


def lake_url() -> str:
    """Where the lake is: `file:///folder` or `s3://bucket/prefix`."""
    return _lake_elsewhere.get() or os.environ.get("LAKE_URL", "").strip() or f"file://{LOCAL / 'lake'}"


@contextmanager
def lake_at(url: str) -> Iterator[None]:
    """Inside this block, and in this thread, the lake is somewhere else."""
    token = _lake_elsewhere.set(url)
    try:
        yield
    finally:
        _lake_elsewhere.reset(token)


def inbox_dir() -> Path:
    """The local drop folder; below it `<source>/<organization_id>/` as in the lake."""
    return Path(os.environ.get("INBOX_DIR", "").strip() or LOCAL / "inbox")


def settle_seconds() -> float:
    """How long size and modification time of a dropped file must stay the same before it is read, seconds."""
    return float(os.environ.get("SUNLEDGER_INBOX_SETTLE_SECONDS", "5"))


def error_share_limit_percent() -> float:
    """A load with a larger share of refused rows is held as a whole, percent."""
    return float(os.environ.get("SUNLEDGER_ERROR_SHARE_LIMIT_PERCENT", ERROR_SHARE_LIMIT_PERCENT))


def public_url() -> str:
    """The address under which browsers reach the web server; unset, what Airflow takes for its own."""
    name = "SUNLEDGER_PUBLIC_URL"
    url = os.environ.get(name, "").strip() or os.environ.get("AIRFLOW__API__BASE_URL", "").strip()
    parts = urlsplit(url or "http://127.0.0.1:8080")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigurationError(f"{name} is no address of a web server", remedy="for example https://ledger.example")
    return parts.geturl().rstrip("/")


def upload_limit_bytes() -> int:
    """How large an uploaded file may be, bytes; set in megabytes of 2^20."""
    return int(os.environ.get("SUNLEDGER_UPLOAD_LIMIT_MB", "500")) * 2**20


def tsa_url() -> str | None:
    """Where time tokens after RFC 3161 come from; null where packs get none."""
    return os.environ.get("SUNLEDGER_TSA_URL", "").strip() or None


def tsa_ca_file() -> Path:
    """PEM file with the certificate that the time-stamping authority's signatures lead to."""
    return Path(required("SUNLEDGER_TSA_CA_FILE"))


def evidence_lock_days() -> int:
    """How long the store has to keep evidence locked, days; 0 asks for no lock."""
    return int(os.environ.get("SUNLEDGER_EVIDENCE_LOCK_DAYS", "").strip() or 0)


def software_version() -> str:
    """The version of this software, as `pyproject.toml` names it."""
    return tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def calls_per_minute_per_address() -> int:
    """How many API requests one network address may make in a minute, whoever makes them."""
    return int(os.environ.get("SUNLEDGER_CALLS_PER_MINUTE_PER_ADDRESS", "6000"))


def retention_days(what: str) -> int:
    """How long something is kept, days: `raw`, `validated`, `quarantine` or `reading`."""
    name = f"SUNLEDGER_{what.upper()}_DAYS"
    text = os.environ.get(name, "").strip() or str(RETENTION_DAYS[what])
    if not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(f"{name} must be a positive whole number, not {text!r}")
    return int(text)


def signing_key_file() -> Path | None:
    """The PEM file of the private key that signs anchors and evidence; null where the key is a setting."""
    path = os.environ.get("SUNLEDGER_SIGNING_KEY_FILE", "").strip()
    return Path(path) if path else None


def can_sign() -> bool:
    """Whether this process was given a signing key; who only verifies needs none."""
    return signing_key_file() is not None or bool(os.environ.get("SUNLEDGER_SIGNING_KEY", "").strip())


def trusted_signers() -> list[str]:
    """Public keys in base64 whose signatures count beside our own: former keys, or those of another installation."""
    return os.environ.get("SUNLEDGER_TRUSTED_SIGNERS", "").replace(",", " ").split()
