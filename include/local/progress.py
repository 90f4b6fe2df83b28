"""One line per step with its duration: live on a terminal, plain lines in a log or a pipe."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

console = Console(highlight=False, soft_wrap=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show that a step runs, and how long it took once it is over."""
    started = time.monotonic()
    outcome = "[red]failed[/]"
    try:
        with _running(title):
            yield
        outcome = "[green]done[/]"
    finally:
        console.print(f"{outcome:>8}  {escape(title)}  [dim]{time.monotonic() - started:.1f} s[/]")


def say(text: str) -> None:
    """Print a line that belongs to no step."""
    console.print(escape(text))


@contextmanager
def _running(title: str) -> Iterator[None]:
    if console.is_terminal:
        with console.status(escape(title)):
            yield
    else:
        console.print(f"   ...  {escape(title)}")
        yield
