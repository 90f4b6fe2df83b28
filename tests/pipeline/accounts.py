"""Ways to put accounts into a test's warehouse and to look at them."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.oauth import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulators.server import Clock, running
from simulators.solaredge import create_app
from simulators.solaredge_plants import DENVER_SITE

# in time order: a token that is long over, one that is over, one that lasts
LONG_AGO, PAST, FUTURE = (datetime.now(UTC) + timedelta(days=days) for days in (-60, -1, 30))


@contextmanager
def portal(monkeypatch, **limits):
    """The SolarEdge simulator, known to the process as the vendor; yields its authorization server."""
    app = create_app(seed=7, clock=Clock(), calls_per_minute=10_000, **limits)
    with running(app) as url:
        monkeypatch.setenv("SOLAREDGE_BASE_URL", url)
        monkeypatch.setenv("SOLAREDGE_CLIENT_ID", DEMO_CLIENT_ID)
        monkeypatch.setenv("SOLAREDGE_CLIENT_SECRET", DEMO_CLIENT_SECRET)
        yield app.state.authority


def organization(name: str = "Sun") -> int:
    """The id of a registered organization without plants."""
    from include.pipeline import registration

    return registration.apply({"organization": name})["organization_id"]


def granted(authority, *, expires_at: datetime = PAST, **more: Any) -> dict[str, Any]:
    """A secret as a connected site has it, whose access token ends at `expires_at`."""
    answer = authority.issue(str(DENVER_SITE))
    return {
        "access_token": answer["access_token"],
        "refresh_token": answer["refresh_token"],
        "site_id": str(DENVER_SITE),
        "obtained_at": (expires_at - timedelta(hours=2)).isoformat(),
        "expires_at": expires_at.isoformat(),
        **more,
    }


def stored(secret: dict[str, Any], owner: int | None = None, *, label: str = "", source: str = "solaredge") -> int:
    """Store a secret as a person enters it; returns the credential's id."""
    from include.warehouse import credentials
    from include.warehouse.database import connect

    owner = owner or organization()
    with connect() as connection:
        return credentials.enter(
            connection,
            organization_id=owner,
            source_system=source,
            label=label,
            auth_type="oauth2" if "access_token" in secret else "api_key",
            secret=secret,
            actor="test",
        )


def secret_of(credential_id: int) -> dict[str, Any]:
    """What a credential holds now."""
    from include.warehouse.credentials import StoredCredential

    return StoredCredential(credential_id).read()


def row(warehouse, credential_id: int) -> dict[str, Any]:
    """The row of a credential."""
    query = "select * from ops.integration_credential where credential_id = %s"
    return warehouse.execute(query, [credential_id]).fetchone()


def audited(warehouse, action: str) -> list[dict[str, Any]]:
    """Audit entries of one action, oldest first."""
    query = "select * from ops.audit_entry where action = %s order by occurred_at, seq"
    return warehouse.execute(query, [action]).fetchall()


def use_keys(monkeypatch, *names: str) -> None:
    """Give the process a ring of these keys, each always the same; the last one is the newest."""
    import base64

    ring = {name: base64.b64encode(name.encode().ljust(32, b"x")).decode() for name in names}
    monkeypatch.setenv("SUNLEDGER_VAULT_KEYS", json.dumps(ring))
