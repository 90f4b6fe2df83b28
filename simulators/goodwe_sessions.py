"""The sessions of the GoodWe simulator: logging in, the signature of every call, and how sessions end."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel


class Refusal(Exception):
    """Becomes HTTP 200 with an error code."""

    def __init__(self, code: str | int, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


class Behaviour(BaseModel):
    """What the portal does wrong; set by `/_control/goodwe`.

    incomplete_login: a login succeeds without timestamp and uid
    refuse_sessions:  every session is over at once
    api:              the gateway that a login names, instead of this server
    throttled:        how many of the next calls are answered with GY0429
    empty:            how many of the next calls succeed without data
    """

    incomplete_login: bool = False
    refuse_sessions: bool = False
    api: str | None = None
    throttled: int = 0
    empty: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """What one login gave."""

    uid: str
    token: str
    logged_in_at: datetime


class Sessions:
    """Logins of one account, at the portal and at the OpenAPI."""

    def __init__(self, clock: Callable[[], datetime], account: str, password: str, life: timedelta) -> None:
        self.clock, self.account, self.password, self.life = clock, account, password, life
        self.behaviour = Behaviour()
        self.logins = 0
        self._sessions: dict[str, Session] = {}
        self._over: set[str] = set()

    def open(self) -> Session:
        """A new session."""
        self.logins += 1
        uid = hashlib.sha256(self.account.encode()).hexdigest()[:32]
        token = hashlib.sha256(f"{self.account}|{self.logins}|{self.clock().isoformat()}".encode()).hexdigest()[:32]
        self._sessions[token] = session = Session(uid, token, self.clock())
        return session

    def end_all(self) -> None:
        """Every session is over from now on."""
        self._over |= self._sessions.keys()

    def check(self, token: str) -> None:
        """Refuse a token that is unknown or over."""
        session = self._sessions.get(token)
        if session is None:
            raise Refusal("100001", "Not logged in")
        is_old = self.clock() >= session.logged_in_at + self.life
        if self.behaviour.refuse_sessions or token in self._over or is_old:
            raise Refusal("100002", "The authorization has expired, please log in again.")

    def login(self, given: Mapping[str, Any], headers: Mapping[str, str], api: str) -> dict[str, Any]:
        """The data of a SEMS+ login; without the three flags, or on demand, it is incomplete."""
        if "x-signature" in headers:  # some clients log in without one
            check_signature(headers, "", "")
        if given.get("account") != self.account or given.get("pwd") != base64.b64encode(self.md5.encode()).decode():
            raise Refusal("100005", "Email or password error.")
        session = self.open()
        data = {
            "uid": session.uid,
            "timestamp": int(session.logged_in_at.timestamp() * 1000),
            "token": session.token,
            "client": "semsPlusWeb",
            "version": "",
            "language": "en",
            "api": self.behaviour.api or api,
            "region": "eu",
            "uuid": session.uid[:8],
        }
        if self.behaviour.incomplete_login or not {"agreement", "isLocal", "isChinese"} <= given.keys():
            self._sessions.pop(session.token)
            return data | {"uid": "", "timestamp": 0}
        return data

    @property
    def md5(self) -> str:
        """The password as the OpenAPI takes it."""
        return hashlib.md5(self.password.encode(), usedforsecurity=False).hexdigest()

    def admit(self, headers: Mapping[str, str]) -> None:
        """Refuse a SEMS+ call whose token or signature does not fit its session."""
        try:
            carried = json.loads(headers.get("token", ""))
            token, uid = str(carried["token"]), str(carried["uid"])
        except (ValueError, KeyError, TypeError):
            raise Refusal("100001", "Not logged in") from None
        check_signature(headers, uid, token)
        self.check(token)
        if not carried.get("timestamp") or uid != self._sessions[token].uid:
            raise Refusal("100001", "Not logged in")


def check_signature(headers: Mapping[str, str], uid: str, token: str) -> None:
    """Refuse a call whose `x-signature` is not that of its own moment, user and token."""
    try:
        digest, moment_ms = base64.b64decode(headers.get("x-signature", ""), validate=True).decode().split("@")
        int(moment_ms)
    except ValueError:
        raise Refusal("100001", "Signature missing") from None
    if digest != hashlib.sha256(f"{moment_ms}@{uid}@{token}".encode()).hexdigest():
        raise Refusal("100001", "Signature error")
