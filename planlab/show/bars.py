"""Bars over time, and any figure as a picture that has its words with it."""

import base64
import html
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planlab.show.shown import Shown, one_line
from planlab.trace import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart with every common kind of colour blindness.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MOST_ROWS = 40  # beyond them rows get thinner, and lose their names


@dataclass(frozen=True)
class Look:
    """How a bar is filled: never by colour alone where two kinds must be told apart."""

    fill: str
    edge: str = "none"
    hatch: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar, from `start` to `end` in seconds."""

    start: float
    end: float
    look: Look


FAILED = Look("white", "#D55E00", "////")


def figure_with_alt(figure: "Figure", alt: str) -> Shown:
    """A matplotlib figure as a picture with `alt` as its alternative text, and as its text form.

    Its background is white, so that it is legible in dark themes too. The cell needs the tag
    `nbval-ignore-output`: the picture's bytes differ between versions of matplotlib.
    """
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, facecolor="white", bbox_inches="tight")
    if "matplotlib.pyplot" in sys.modules:
        # Otherwise the notebook shows it a second time, without its text.
        sys.modules["matplotlib.pyplot"].close(figure)
    data = base64.b64encode(file.getvalue()).decode()
    # Lab gives an image/png output no alternative text; HTML carries it everywhere.
    picture = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
    return Shown(alt, {"text/html": picture})


def end_of(span: Span, last: float) -> float:
    """When a span ended; `last` for one that is still open."""
    return last if span.end is None else span.end


def most_at_once(spans: Sequence[Span]) -> int:
    """The most spans that were open together; one that ends as another begins does not overlap."""
    ends = [(end_of(span, float("inf")), -1) for span in spans]
    most = now = 0
    for _, change in sorted([*ends, *((span.start, 1) for span in spans)]):
        now += change
        most = max(most, now)
    return most


def draw_bars(
    rows: Sequence[tuple[str, Sequence[Bar]]], *, title: str, axis: str, legend: Mapping[str, Look]
) -> tuple["Figure", "Axes"]:
    """A row of bars for each name, from the top down, over time from 0.

    The legend explains the looks that occur.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    last = max((bar.end for _, bars in rows for bar in bars), default=0.0)
    figure = Figure(figsize=(8, 1.1 + 0.28 * min(max(len(rows), 1), MOST_ROWS)))
    axes = figure.subplots()
    # A bar of no length must still be seen.
    shortest = max(last / 200, 1e-6)
    for place, (_, bars) in enumerate(rows):
        for bar in bars:
            width = max(bar.end - bar.start, shortest)
            for patch in axes.barh(place, width, left=bar.start, height=0.7):
                patch.set(facecolor=bar.look.fill, edgecolor=bar.look.edge, hatch=bar.look.hatch)
    names = [name for name, _ in rows] if len(rows) <= MOST_ROWS else []
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_xlim(0, max(last, shortest) * 1.02)
    axes.set_xlabel(axis)
    axes.set_title(one_line(title), loc="left", parse_math=False)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    used = {bar.look for _, bars in rows for bar in bars}
    patches = [
        Patch(facecolor=look.fill, edgecolor=look.edge, hatch=look.hatch, label=label)
        for label, look in legend.items()
        if look in used
    ]
    axes.legend(handles=patches, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return figure, axes
