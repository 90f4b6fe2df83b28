"""Which vendors are stood in for by simulators, where these listen, and what their demo accounts are.

A vendor whose address is configured (`<VENDOR>_BASE_URL`) is left to itself.
"""

import json
import sys
from collections.abc import Mapping

from include.local import ports
from include.local.ports import LOOPBACK

CLIENT = {"CLIENT_ID": "sunledger-demo-client", "CLIENT_SECRET": "sunledger-demo-client-secret"}
LIMITS = {"CALLS_PER_MINUTE": "600", "CALLS_PER_MONTH": "100000"}
# setting of a vendor -> its value for a portal at {url}
SETTINGS: dict[str, dict[str, str]] = {
    "solaredge": {"BASE_URL": "{url}", "AUTHORIZE_URL": "{url}/authorize", **CLIENT},
    "enphase": {"BASE_URL": "{url}", "API_KEY": "sunledger-demo-enphase-key", **CLIENT, **LIMITS},
    "sma": {
        "BASE_URL": "{url}/monitoring/v1",
        "AUTHORIZE_URL": "{url}/oauth2/auth",
        "TOKEN_URL": "{url}/oauth2/token",
        "CONSENT_URL": "{url}/oauth2/v2/bc-authorize",
        **CLIENT,
    },
    "goodwe": {"BASE_URL": "{url}", "OPENAPI_URL": "{url}", "MODE": "sems_plus", "SECONDS_BETWEEN_CALLS": "0"},
}
SECRETS: dict[str, dict[str, str]] = {
    "solaredge": {"api_key": "sunledger-demo-key"},
    "enphase": {"username": "installer@example.com", "password": "sunledger-demo-enphase-password"},
    "sma": {"login_hint": "owner@example.com"},
    "goodwe": {"account": "solar@example.com", "password": "sunledger-demo-goodwe"},
}


class Portals:
    """The simulated vendors of one start."""

    def __init__(self, configured: Mapping[str, str], first_port: int, taken: frozenset[int]) -> None:
        self.ports: dict[str, int] = {}
        for vendor in SETTINGS:
            if not configured.get(f"{vendor.upper()}_BASE_URL"):
                chosen = ports.pick(first_port + len(self.ports), taken=taken | frozenset(self.ports.values()))
                self.ports[vendor] = chosen

    def command(self) -> list[str]:
        """How to start them, in one process."""
        options = [text for vendor, port in self.ports.items() for text in (f"--{vendor}", str(port))]
        return [sys.executable, "-m", "simulators.portals", *options]

    def environment(self) -> dict[str, str]:
        """The settings that point the adapters to them."""
        return {
            f"{vendor.upper()}_{name}": value.format(url=f"http://{LOOPBACK}:{port}")
            for vendor, port in self.ports.items()
            for name, value in SETTINGS[vendor].items()
        }


def demo_secrets() -> dict[str, str]:
    """The secrets of the demo accounts by the names that `demo/register.yaml` gives them."""
    return {f"SUNLEDGER_DEMO_{vendor.upper()}_SECRET": json.dumps(secret) for vendor, secret in SECRETS.items()}
