"""When things happened: model and tool spans over time, as a picture with a text form."""

import base64
import html
import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planlab.show.shown import Shown, one_line
from planlab.show.spans import Spans, as_tree, spans_of
from planlab.trace import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart with every common kind of colour blindness.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")

_MOST_ROWS = 40
_FAILED = "#D55E00"


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


def timeline(trace: Spans, *, title: str = "Timeline", times: bool = False) -> Shown:
    """Model and tool spans as bars over time; a failed one is hatched.

    Its text says the order, and how many ran at once; `times` adds seconds to it.
    """
    spans = [s for _, s in as_tree(spans_of(trace)) if s.kind in ("model", "tool")]
    return figure_with_alt(_draw(spans, title), _in_words(spans, title, times))


def _in_words(spans: Sequence[Span], title: str, times: bool) -> str:
    head = f"{title}: {len(spans)} model and tool spans, at most {_at_once(spans)} at once."
    lines = [f"{number}. {_said(span, times)}" for number, span in enumerate(spans, start=1)]
    return "\n".join([head, *lines])


def _said(span: Span, times: bool) -> str:
    when = f", {span.start:.2f} to {_end(span, span.start):.2f} s" if times else ""
    return f"{_name(span)}{when}{', failed' if span.error else ''}"


def _name(span: Span) -> str:
    return one_line(f"{span.kind} {span.name}", 40)


def _end(span: Span, last: float) -> float:
    return last if span.end is None else span.end


def _at_once(spans: Sequence[Span]) -> int:
    """The most spans that were open together; one that ends as another begins does not overlap."""
    ends = [(_end(span, float("inf")), -1) for span in spans]
    most = now = 0
    for _, change in sorted([*ends, *((span.start, 1) for span in spans)]):
        now += change
        most = max(most, now)
    return most


def _draw(spans: Sequence[Span], title: str) -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    rows = _rows(spans)
    last = max((_end(span, span.start) for span in spans), default=0.0)
    figure = Figure(figsize=(8, 1.1 + 0.28 * max(len(rows), 1)))
    axes = figure.subplots()
    # A span of no length must still be seen.
    shortest = max(last / 200, 1e-6)
    for place, (_, members) in enumerate(rows):
        for span in members:
            width = max(_end(span, last) - span.start, shortest)
            bar = axes.barh(place, width, left=span.start, height=0.7, color=_colour(span))
            if span.error is not None:
                for patch in bar:
                    patch.set(facecolor="white", edgecolor=_FAILED, hatch="////")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], parse_math=False)
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_xlim(0, max(last, shortest) * 1.02)
    axes.set_xlabel("seconds since the trace began")
    axes.set_title(one_line(title), loc="left", parse_math=False)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    legend = [
        Patch(facecolor=PALETTE[0], label="model"),
        Patch(facecolor=PALETTE[1], label="tool"),
        Patch(facecolor="white", edgecolor=_FAILED, hatch="////", label="failed"),
    ]
    axes.legend(handles=legend, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return figure


def _colour(span: Span) -> str:
    return PALETTE[0] if span.kind == "model" else PALETTE[1]


def _rows(spans: Sequence[Span]) -> list[tuple[str, list[Span]]]:
    """A row for each span; where they would be too many, one for each name."""
    if len(spans) <= _MOST_ROWS:
        return [(_name(span), [span]) for span in spans]
    rows: dict[str, list[Span]] = {}
    for span in spans:
        rows.setdefault(_name(span), []).append(span)
    return [(f"{name} ({len(members)})", members) for name, members in rows.items()]
