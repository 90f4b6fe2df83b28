"""Named points where a test can make this process fail; inert unless `SUNLEDGER_FAILPOINTS` arms them.

Form: `name=action[,name=action]`, actions `raise`, `kill` (SIGKILL self), `stop` (SIGSTOP self),
`sleep:SECONDS`; `name@N=action` waits for the N-th pass.
"""

import os
import signal
import time
from collections import Counter

_passes: Counter[str] = Counter()


class FailpointReached(RuntimeError):
    """Raised by an armed failpoint with action `raise`."""


def failpoint(name: str) -> None:
    """Mark a place by name; does nothing in production."""
    armed = os.environ.get("SUNLEDGER_FAILPOINTS")
    if not armed:
        return
    _passes[name] += 1
    for entry in armed.split(","):
        target, _, action = entry.partition("=")
        point, _, nth = target.partition("@")
        if point == name and _passes[name] == int(nth or 1):
            _act(name, action)


def _act(name: str, action: str) -> None:
    verb, _, argument = action.partition(":")
    if verb == "raise":
        raise FailpointReached(name)
    if verb == "sleep":
        time.sleep(float(argument))
    elif verb in {"kill", "stop"}:
        os.kill(os.getpid(), signal.SIGKILL if verb == "kill" else signal.SIGSTOP)
    else:
        raise ValueError(f"unknown failpoint action {action!r}")
