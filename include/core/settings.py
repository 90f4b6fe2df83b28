"""Settings come from the environment; every name read here stands in `.env.example`."""

import os
from pathlib import Path

from include.core.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
LOCAL = PROJECT_ROOT / ".local"

ERROR_SHARE_LIMIT_PERCENT = 10.0


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
    return os.environ.get("LAKE_URL", "").strip() or f"file://{LOCAL / 'lake'}"


def inbox_dir() -> Path:
    """The local drop folder; below it `<source>/<organization_id>/` as in the lake."""
    return Path(os.environ.get("INBOX_DIR", "").strip() or LOCAL / "inbox")


def settle_seconds() -> float:
    """How long size and modification time of a dropped file must stay the same before it is read, seconds."""
    return float(os.environ.get("SUNLEDGER_INBOX_SETTLE_SECONDS", "5"))


def error_share_limit_percent() -> float:
    """A load with a larger share of refused rows is held as a whole, percent."""
    return float(os.environ.get("SUNLEDGER_ERROR_SHARE_LIMIT_PERCENT", ERROR_SHARE_LIMIT_PERCENT))
