"""A dashboard's panels, drawn from what Prometheus answers: a picture of the data, for want of a Grafana."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT, GAP = 400, 230, 12
"""Of a panel, and between two."""
TOP, LEFT, BOTTOM, LEGEND_LINE = 34, 56, 78, 14
MOST_NAMED = 4
COLOURS = (
    "#3366cc",
    "#c2410c",
    "#15803d",
    "#a21caf",
    "#b45309",
    "#0e7490",
    "#be123c",
    "#4d7c0f",
    "#6d28d9",
    "#57534e",
)
STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:12px}"
    ".axis{fill:#777;font-size:10px}.panel{fill:#fff;stroke:#ddd}.grid{stroke:#eee}"
    "polyline{fill:none;stroke-width:1.4}"
)

Ask = Callable[[str], list[dict[str, Any]]]
"""Of Prometheus, for a query: its series over the time that is drawn."""


def drawn(board: dict[str, Any], ask: Ask, began: float, ended: float) -> str:
    """The board as SVG, its panels three a row."""
    panels = [_panel(panel, ask, began, ended) for panel in board["panels"]]
    width = 3 * (WIDTH + GAP) + GAP
    height = math.ceil(len(panels) / 3) * (HEIGHT + GAP) + GAP + 24
    placed = "".join(
        f'<g transform="translate({GAP + n % 3 * (WIDTH + GAP)} {32 + n // 3 * (HEIGHT + GAP)})">{panel}</g>'
        for n, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(board['title'])}</title><style>{STYLE}</style>"
        f'<rect width="{width}" height="{height}" fill="#f6f6f4"/>'
        f'<text class="title" x="{GAP}" y="21">{escape(board["title"])}</text>{placed}</svg>\n'
    )


def _panel(panel: dict[str, Any], ask: Ask, began: float, ended: float) -> str:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    series = [
        (_legend(target["legendFormat"], found["metric"]), [(float(t), float(v)) for t, v in found["values"]])
        for target in panel["targets"]
        for found in ask(target["expr"])
    ]
    series = [(name, [(t, v) for t, v in points if math.isfinite(v)]) for name, points in series]
    series = sorted((each for each in series if each[1]), key=lambda each: -max(v for _, v in each[1]))
    most = max((v for _, points in series for _, v in points), default=0.0) or 1.0
    right, floor = WIDTH - 12, HEIGHT - BOTTOM

    def x(at: float) -> float:
        return LEFT + (at - began) / (ended - began) * (right - LEFT)

    def y(value: float) -> float:
        return floor - value / most * (floor - TOP)

    lines = [
        f'<rect class="panel" width="{WIDTH}" height="{HEIGHT}" rx="3"/>'
        f'<text class="title" x="10" y="20">{escape(panel["title"])}</text>'
    ]
    for part in (0.0, 0.5, 1.0):
        lines.append(f'<path class="grid" d="M{LEFT} {y(most * part):.0f}H{right}"/>')
        words = _shown(most * part, unit)
        lines.append(
            f'<text class="axis" x="{LEFT - 5}" y="{y(most * part) + 3:.0f}" text-anchor="end">{words}</text>'
        )
    lines.append(f'<text class="axis" x="{LEFT}" y="{floor + 13}">0:00</text>')
    minutes, seconds = divmod(round(ended - began), 60)
    lines.append(
        f'<text class="axis" x="{right}" y="{floor + 13}" text-anchor="end">{minutes}:{seconds:02}</text>'
    )
    for number, (_, points) in enumerate(series):
        path = " ".join(f"{x},{y}" for x, y in _bends([(round(x(t)), round(y(v))) for t, v in points]))
        lines.append(f'<polyline stroke="{COLOURS[number % len(COLOURS)]}" points="{path}"/>')
    for number, (name, points) in enumerate(series[:MOST_NAMED]):
        at = floor + 27 + number * LEGEND_LINE
        last = _shown(points[-1][1], unit)
        lines.append(
            f'<rect x="10" y="{at - 6}" width="9" height="3" fill="{COLOURS[number % len(COLOURS)]}"/>'
            f'<text x="24" y="{at}">{escape(name)}</text>'
            f'<text class="axis" x="{right}" y="{at}" text-anchor="end">{last}</text>'
        )
    if len(series) > MOST_NAMED:
        lines.append(f'<text class="axis" x="{right}" y="20" text-anchor="end">{len(series)} series</text>')
    if not series:
        lines.append(f'<text class="axis" x="{WIDTH // 2}" y="{(TOP + floor) // 2}">no data</text>')
    return "".join(lines)


def _bends(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without those in the middle of a level line."""
    return [
        point
        for number, point in enumerate(points)
        if number in (0, len(points) - 1) or not points[number - 1][1] == point[1] == points[number + 1][1]
    ]


def _legend(pattern: str, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), pattern).strip()


def _shown(value: float, unit: str) -> str:
    match unit:
        case "percentunit":
            return f"{value * 100:.3g} %"
        case "bytes":
            return f"{value / 1e6:.0f} MB"
        case "s":
            return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
        case "reqps" | "ops":
            return f"{value:.3g}/s"
        case _:
            return f"{value:.3g}"
