"""What the demo run has brought in, as tables on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from include.local import progress


def show(facts: Mapping[str, Any], links: Mapping[str, str]) -> None:
    """Print the loads, whether their rows add up, the readings, the rejections and where to look next."""
    progress.console.print(Group("", render(facts), "", _pairs(links), ""))


def render(facts: Mapping[str, Any]) -> Group:
    """Return the facts of a warehouse as printable tables."""
    rows = facts["rows"]
    counts = {
        **{f"loads {status}": count for status, count in sorted(facts["loads"].items())},
        **{f"rows {kind}": rows[kind] for kind in ("in", "clean", "rejected", "duplicate")},
        "readings": facts["readings"],
        **{f"aggregates {period}": count for period, count in facts["aggregates"].items()},
        **{f"rejected {code}": count for code, count in sorted(facts["rejected_by_code"].items())},
        "publications closed": facts["publications"],
    }
    return Group(_pairs({name: f"{count:,}" for name, count in counts.items()}, justify="right"), _accounting(rows))


def adds_up(rows: Mapping[str, int]) -> bool:
    """True if every row that came in is accounted for."""
    return rows["in"] == rows["clean"] + rows["rejected"] + rows["duplicate"]


def _accounting(rows: Mapping[str, int]) -> Text:
    sum_shown = f"{rows['in']:,} = {rows['clean']:,} + {rows['rejected']:,} + {rows['duplicate']:,}"
    if adds_up(rows):
        return Text(f"rows add up: {sum_shown}", style="green")
    return Text(f"rows do NOT add up: {sum_shown}", style="bold red")


def _pairs(pairs: Mapping[str, str], justify: str = "left") -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify=justify, overflow="fold")
    for name, value in pairs.items():
        table.add_row(name, value)
    return table
