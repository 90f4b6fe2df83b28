"""Fixtures that several files here share."""

from datetime import datetime

import pytest

from simulators.server import Clock, running
from simulators.sma import create_app
from tests.unit.inverters.sma_portal import NOW, Portal


@pytest.fixture
def start_sma():
    """Start an SMA portal with the given limits."""
    stack = []

    def begin(now: datetime = NOW, **limits) -> Portal:
        clock = Clock(now, is_frozen=True)
        app = create_app(clock=clock, **limits)
        stack.append(running(app))
        return Portal(stack[-1].__enter__(), app, clock)

    yield begin
    for context in stack:
        context.__exit__(None, None, None)


@pytest.fixture
def sma_portal(start_sma) -> Portal:
    return start_sma()
