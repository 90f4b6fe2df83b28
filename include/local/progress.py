"""One line per step with its duration: live on a terminal, plain lines in a log or a pipe."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(highlight=False, soft_wrap=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show that a step runs, and how long it took once it is over."""
    started = time.monotonic()
    outcome = "[red]failed[/]"
    try:
        with _running(title):
            yield
        outcome = "  [green]done[/]"
    finally:
        console.print(f"{outcome}  {escape(title)}  [dim]{time.monotonic() - started:.1f} s[/]")


def say(text: str) -> None:
    """Print a line that belongs to no step."""
    console.print(escape(text))


@contextmanager
def _running(title: str) -> Iterator[None]:
    if console.is_terminal:
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=console, transient=True) as live:
            live.add_task(escape(title), total=None)
            yield
    else:
        console.print(f"   ...  {escape(title)}")
        yield
