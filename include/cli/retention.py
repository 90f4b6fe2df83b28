"""`sunledger retention`: what is kept for how long, what goes next, and how a month comes back."""

import getpass
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Archive and expiry: what goes, what stays and why.")
Month = Annotated[str, typer.Argument(help="A month such as 2026-01.")]


@app.command()
def plan(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Tell what the next run would take away, with sizes, and what stays for which reason; changes nothing."""
    from dataclasses import asdict

    from include.pipeline import retention

    steps = list(retention.plan())
    if json:
        output.as_json([asdict(step) for step in steps])
        return
    rows = [
        {
            "what": step.what,
            "which": step.which,
            "amount": f"{step.count} {step.unit}",
            "size": size(step.size_bytes),
            "outcome": step.outcome,
        }
        for step in steps
    ]
    output.as_table(rows, ("what", "which", "amount", "size", "outcome"), "what retention would do")
    going = [step for step in steps if step.goes]
    freed = size(sum(step.size_bytes for step in going))
    output.console.print(
        f"{len(going)} of {len(steps)} go, {freed}; nothing was changed: `sunledger retention apply` does it",
        markup=False,
    )


@app.command()
def apply() -> None:
    """Do what the plan says, as the Dag does every day."""
    from include.pipeline import retention

    say = output.console.print
    say(f"{retention.make_partitions()} partitions were made", markup=False)
    say(f"{len(retention.drop_raw())} load days of staged rows were dropped", markup=False)
    for zone, copies in retention.expire_copies().items():
        say(f"{copies} copies in {zone}/ were removed", markup=False)
    for month, outcome in retention.retire_months(getpass.getuser()).items():
        say(f"{month}: {outcome}", markup=False)


@app.command()
def restore(
    month: Month,
    reason: Annotated[str, typer.Option(help="Why it comes back; it is kept in the audit entries.", prompt=True)],
) -> None:
    """Bring a month of readings back from the archive, row for row; the next run takes it away again."""
    from include.pipeline import retention

    moved = retention.restore(month_of(month), actor=getpass.getuser(), reason=reason)
    said = f"{moved.readings} readings of {month} are back" if moved else f"{month} is in the database already"
    output.console.print(said, markup=False)


def month_of(text: str):
    """The first day of a month that a person named."""
    from datetime import date

    from include.core.errors import ConfigurationError

    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ConfigurationError(f"{text!r} is no month", remedy="such as 2026-01") from None


def size(count: float) -> str:
    """Bytes as a person reads them, in powers of 1024."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
