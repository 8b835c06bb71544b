"""When things happened: model and tool spans over time, as a picture with a text form."""

from collections.abc import Sequence

from planlab.show.bars import (
    FAILED,
    MOST_ROWS,
    PALETTE,
    Bar,
    Look,
    draw_bars,
    end_of,
    figure_with_alt,
    most_at_once,
)
from planlab.show.shown import Shown, one_line
from planlab.show.spans import Spans, as_tree, spans_of
from planlab.trace import Span

_MODEL, _TOOL = Look(PALETTE[0]), Look(PALETTE[1])
_LEGEND = {"model": _MODEL, "tool": _TOOL, "failed": FAILED}


def timeline(trace: Spans, *, title: str = "Timeline", times: bool = False) -> Shown:
    """Model and tool spans as bars over time; a failed one is hatched.

    Its text says the order, and how many ran at once; `times` adds seconds to it.
    """
    spans = [s for _, s in as_tree(spans_of(trace)) if s.kind in ("model", "tool")]
    last = max((end_of(span, span.start) for span in spans), default=0.0)
    rows = [
        (name, [Bar(span.start, end_of(span, last), _look(span)) for span in members])
        for name, members in _rows(spans)
    ]
    figure, _ = draw_bars(rows, title=title, axis="seconds since the trace began", legend=_LEGEND)
    return figure_with_alt(figure, _in_words(spans, title, times))


def _in_words(spans: Sequence[Span], title: str, times: bool) -> str:
    head = f"{title}: {len(spans)} model and tool spans, at most {most_at_once(spans)} at once."
    lines = [f"{number}. {_said(span, times)}" for number, span in enumerate(spans, start=1)]
    return "\n".join([head, *lines])


def _said(span: Span, times: bool) -> str:
    when = f", {span.start:.2f} to {end_of(span, span.start):.2f} s" if times else ""
    return f"{_name(span)}{when}{', failed' if span.error else ''}"


def _name(span: Span) -> str:
    return one_line(f"{span.kind} {span.name}", 40)


def _look(span: Span) -> Look:
    if span.error is not None:
        return FAILED
    return _MODEL if span.kind == "model" else _TOOL


def _rows(spans: Sequence[Span]) -> list[tuple[str, list[Span]]]:
    """A row for each span; where they would be too many, one for each name."""
    if len(spans) <= MOST_ROWS:
        return [(_name(span), [span]) for span in spans]
    rows: dict[str, list[Span]] = {}
    for span in spans:
        rows.setdefault(_name(span), []).append(span)
    return [(f"{name} ({len(members)})", members) for name, members in rows.items()]
