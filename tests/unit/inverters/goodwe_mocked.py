"""A GoodWe account over mocked HTTP: the vendor's addresses, a login that works, and ways to look at the calls."""

import hashlib
import json
from datetime import timedelta

from include.core.records import Window
from include.security.tokens import Remembered
from include.sources.inverters import goodwe
from include.sources.inverters.base import Settings
from tests.unit.http.fake_time import NOON
from tests.unit.inverters.goodwe_answers import body

PORTAL = "https://eu-semsplus.goodwe.com/web/sems/sems-user/api/v1/auth/cross-login"
GATEWAY = "https://eu-gateway.semsportal.com/web/sems/sems-plant/api"
OPENAPI = "https://openapi.semsportal.com/api/OpenApi"
STATIONS = f"{GATEWAY}/portal/stations/page"
JSON = {"content_type": "application/json"}
PASSWORD = "canary 7f3a91c2"
LOGIN = {"account": "owner@example.com", "password": PASSWORD, "mode": "sems_plus"}
DIGEST = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
WINDOW = Window(NOON - timedelta(hours=2), NOON)


def keeper_of(time, **secret):
    return Remembered(LOGIN | secret if "api_key" not in secret else secret, time.clock)


def connect(time, keeper=None, **options):
    settings = Settings(base_url=options.pop("base_url", None), options=options, sleep=time.sleep, clock=time.clock)
    return goodwe.connect(keeper or keeper_of(time), settings)


def login_with(vendor, url=PORTAL, **changed):
    payload = json.loads(body("login__complete"))
    payload["data"] |= changed
    vendor.post(url, json=payload)


def stations(account):
    return [site.external_site_id for site in account.sites()]


def code(value, words="refused"):
    return {"code": value, "description": words, "data": None}


def calls(vendor, part):
    return [call.request for call in vendor.calls if part in call.request.url]
