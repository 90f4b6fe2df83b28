"""An Enphase account on a clock of its own, whose secrets are canaries."""

from datetime import timedelta

from include.core.records import Window
from include.security.tokens import Remembered
from include.sources.inverters import enphase
from include.sources.inverters.base import Settings
from tests.unit.inverters.enphase_answers import EIGHT, SITE

BASE = "https://api.enphaseenergy.com"
SYSTEMS = f"{BASE}/api/v4/systems"
MICROS = f"{SYSTEMS}/4410021/telemetry/production_micro"
TOKEN = f"{BASE}/oauth/token"
KEY, OURS, WORD = "canary-key-11", "canary-secret-22", "canary-word-33"
OPTIONS = {"api_key": KEY, "client_id": "our-app", "client_secret": OURS}


def settings(time, **options):
    return Settings(options=OPTIONS | options, sleep=time.sleep, clock=time.clock)


def keeper(time, life=timedelta(hours=20), **more):
    secret = {
        "access_token": "canary-access-1",
        "refresh_token": "canary-refresh-1",
        "obtained_at": (time.now - timedelta(hours=4)).isoformat(),
        "expires_at": (time.now + life).isoformat(),
    }
    return Remembered(secret | more, now=time.clock)


def connect(time, held=None, **options):
    return enphase.connect(held or keeper(time), settings(time, **options))


def fetched(account, window=None):
    return list(account.fetch(SITE, window or Window(EIGHT, EIGHT + timedelta(hours=1))))
