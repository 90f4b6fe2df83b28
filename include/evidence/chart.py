"""The chart of a period: what the hours of each day were, as one SVG for the page and for the PDF.

Days become weeks or months where a period is long, so that a bar stays wide enough to be seen. Only rectangles, lines
and plain texts are used: every reader of SVG draws those alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from math import ceil
from typing import Any

WIDTH, HEIGHT = 720, 210
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 30, 28
MOST_BARS = 62
# from the bottom up; the night, when nothing is expected, is left out
COLOURS = {
    "produced": "#2f9e63",
    "excused": "#7aa6d9",
    "no_data": "#b9bec6",
    "not_producing": "#d6453d",
}
WORDS = {"produced": "produced", "excused": "excused", "no_data": "no data", "not_producing": "not producing"}
INK, FAINT = "#3c4654", "#dfe3e8"


@dataclass(frozen=True, slots=True)
class Bar:
    """Hours by category of one day, week or month."""

    label: str
    hours: Mapping[str, Decimal]


def bars(days: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Hours by day, over all meters; by week or month where there are many days."""
    on_days = sorted({date.fromisoformat(day["day_on"]) for day in days})
    if not on_days:
        return []
    span = (on_days[-1] - on_days[0]).days + 1
    grouped: dict[date, dict[str, Decimal]] = {}
    for day in days:
        first = _first_of(date.fromisoformat(day["day_on"]), span)
        sums = grouped.setdefault(first, dict.fromkeys(COLOURS, Decimal(0)))
        for name in COLOURS:
            sums[name] += Decimal(day[f"{name}_hours"])
    return [Bar(_label(first, span), hours) for first, hours in sorted(grouped.items())]


def _first_of(day: date, span: int) -> date:
    if span <= MOST_BARS:
        return day
    return day - timedelta(days=day.weekday()) if span <= 7 * MOST_BARS else day.replace(day=1)


def _label(first: date, span: int) -> str:
    if span <= 31:
        return str(first.day)
    return f"{first.day}.{first.month}." if span <= 7 * MOST_BARS else f"{first.month}/{first.year % 100:02}"


def svg(days: Sequence[Mapping[str, Any]]) -> str:
    """The chart as an SVG document."""
    columns = bars(days)
    top = max((sum(bar.hours.values()) for bar in columns), default=Decimal(0))
    step = _step(top)
    ceiling = step * max(1, ceil(top / step))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img" aria-label="Hours by day and category" font-family="Helvetica, Arial, sans-serif" font-size="10">'
    ]
    parts += _legend()
    parts += _scale(ceiling, step)
    width = Decimal(WIDTH - LEFT - RIGHT) / max(1, len(columns))
    every = max(1, ceil(len(columns) / 31))
    for place, bar in enumerate(columns):
        x = LEFT + place * width
        parts += _bar(bar, x, width, ceiling)
        if place % every == 0:
            parts.append(_text(x + width / 2, HEIGHT - BOTTOM + 14, bar.label, "middle"))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _bar(bar: Bar, x: Decimal, width: Decimal, ceiling: Decimal) -> list[str]:
    parts, y = [], Decimal(HEIGHT - BOTTOM)
    for name, colour in COLOURS.items():
        height = bar.hours[name] / ceiling * (HEIGHT - TOP - BOTTOM)
        if height > 0:
            y -= height
            parts.append(
                f'<rect x="{_n(x + width / 10)}" y="{_n(y)}" width="{_n(width * 4 / 5)}" height="{_n(height)}" '
                f'fill="{colour}"/>'
            )
    return parts


def _scale(ceiling: Decimal, step: Decimal) -> list[str]:
    parts = []
    for count in range(int(ceiling / step) + 1):
        y = HEIGHT - BOTTOM - step * count / ceiling * (HEIGHT - TOP - BOTTOM)
        colour = INK if count == 0 else FAINT
        parts.append(
            f'<line x1="{LEFT}" y1="{_n(y)}" x2="{WIDTH - RIGHT}" y2="{_n(y)}" stroke="{colour}" stroke-width="0.7"/>'
        )
        parts.append(_text(LEFT - 6, y + 3, f"{step * count:f} h", "end"))
    return parts


def _legend() -> list[str]:
    parts, x = [], LEFT
    for name, colour in COLOURS.items():
        parts.append(f'<rect x="{x}" y="6" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(x + 15, 15, WORDS[name], "start"))
        x += 40 + 6 * len(WORDS[name])
    return parts


def _text(x: Decimal | int, y: Decimal | int, words: str, anchor: str) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" fill="{INK}" text-anchor="{anchor}">{escape(words)}</text>'


def _step(top: Decimal) -> Decimal:
    """The distance of the scale's lines: at most six, at round numbers."""
    size = Decimal(1)
    while True:
        for factor in (1, 2, 5):
            if size * factor * 5 >= top:
                return size * factor
        size *= 10


def _n(value: Decimal | int) -> str:
    """A coordinate, to the hundredth."""
    return f"{Decimal(value):.2f}"
