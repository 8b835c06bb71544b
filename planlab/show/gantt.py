"""A plan's steps over time, with the longest chain of needs among them marked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from planlab.graph import Graph, find_critical_path, lower_bound
from planlab.records import Plan
from planlab.show.bars import (
    FAILED,
    PALETTE,
    Bar,
    Look,
    draw_bars,
    end_of,
    figure_with_alt,
    most_at_once,
)
from planlab.show.shown import Shown, one_line
from planlab.show.spans import Spans, spans_of
from planlab.show.tables import show_table
from planlab.trace import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MODEL, _STEP = Look(PALETTE[0]), Look(PALETTE[4])
_CRITICAL = Look(PALETTE[1], "#000000", "xx")
_LEGEND = {
    "model, outside the steps": _MODEL,
    "step": _STEP,
    "step on the critical path (*)": _CRITICAL,
    "failed": FAILED,
}


@dataclass(frozen=True)
class _Row:
    """One step with its attempts, none if it never began; or one call of a model outside them."""

    name: str
    attempts: Sequence[Span]
    waits_for: Sequence[str] = ()

    @property
    def start(self) -> float:
        return self.attempts[0].start

    @property
    def end(self) -> float:
        return max(span.start + span.seconds for span in self.attempts)

    @property
    def busy(self) -> float:
        """Seconds in which it ran; between two attempts it may have paused."""
        return sum(span.seconds for span in self.attempts)


def gantt(
    spans: Spans, needs: Graph | Plan, *, title: str = "Gantt chart", limit: int | None = None
) -> Shown:
    """The steps of one run as bars over time, those on the critical path marked.

    A step is a span of kind "step" with the step's id as its name; its attempts share a row. Calls
    of models outside the steps, a planner's for instance, are shown too. The path is found from
    the measured times; with `limit` the text says what no schedule of so many at once can beat.
    Its text form is a table, which also unfolds below the picture.
    """
    graph = {s.id: s.needs for s in needs.steps} if isinstance(needs, Plan) else needs
    rows = _rows(_told_from_0(_worth_a_bar(spans_of(spans))), graph)
    ran = {row.name: row for row in rows if row.attempts and row.name in graph}
    within = {id: [other for other in graph[id] if other in ran] for id in graph if id in ran}
    path, length = find_critical_path(within, {id: r.end - r.start for id, r in ran.items()})
    said = f"{title}: {_in_words(list(ran.values()), path, length)}"
    if limit is not None:
        # A pause before another attempt holds no worker: it is in the chain, not in the work.
        bound = lower_bound(within, {id: row.busy for id, row in ran.items()}, limit)
        least = max(length, bound)
        said += f" No schedule of at most {limit} at once takes less than {least:.3f} s."
    return _show(rows, path, title, said)


def _worth_a_bar(spans: Iterable[Span]) -> list[Span]:
    """Steps, and calls of models outside them, in the order in which they began."""
    found: list[Span] = []
    inside: set[int | None] = set()
    for span in sorted(spans, key=lambda span: span.id):
        if span.kind == "step" or (span.kind == "model" and span.parent not in inside):
            found.append(span)
        if span.kind == "step" or span.parent in inside:
            inside.add(span.id)
    return found


def _told_from_0(spans: Sequence[Span]) -> list[Span]:
    """The same with times since the first began; what is still open lasts until the last end."""
    began = min((span.start for span in spans), default=0.0)
    last = max((end_of(span, span.start) for span in spans), default=0.0)
    return [replace(s, start=s.start - began, end=end_of(s, last) - began) for s in spans]


def _rows(spans: Sequence[Span], graph: Graph) -> list[_Row]:
    """The steps in the graph's order, so that two runs of one plan look alike; any other below.

    A model that began before the first of them stands above, any other at the end.
    """
    attempts: dict[str, list[Span]] = {id: [] for id in graph}
    for span in spans:
        if span.kind == "step":
            attempts.setdefault(span.name, []).append(span)
    steps = [_Row(id, seen, graph.get(id, ())) for id, seen in attempts.items()]
    first = min((row.start for row in steps if row.attempts), default=0.0)
    models = [_Row(f"model {span.name}", [span]) for span in spans if span.kind == "model"]
    above = [row for row in models if row.start <= first]
    below = [row for row in models if row.start > first]
    return [*above, *steps, *below]


def _in_words(ran: Sequence[_Row], path: Sequence[str], length: float) -> str:
    most = most_at_once([span for row in ran for span in row.attempts])
    said = f"{len(ran)} steps, at most {most} at once"
    if not path:
        return f"{said}."
    took = max(row.end for row in ran) - min(row.start for row in ran)
    return f"{said}, in {took:.3f} s. Critical path: {' -> '.join(path)}, {length:.3f} s."


def _show(rows: Sequence[_Row], path: Sequence[str], title: str, said: str) -> Shown:
    bars = [(_label(row, path), [_bar(span, path) for span in row.attempts]) for row in rows]
    axis = "seconds since the first began"
    figure, axes = draw_bars(bars, title=title, axis=axis, legend=_LEGEND)
    _link(axes, rows, path)
    picture = figure_with_alt(figure, f"{said} The table below says the same.")
    table = show_table([_cells(row, path) for row in rows])
    folded = f"<details><summary>As a table</summary>{table.forms['text/html']}</details>"
    return Shown(f"{said}\n{table.text}", {"text/html": picture.forms["text/html"] + folded})


def _label(row: _Row, path: Collection[str]) -> str:
    described = row.attempts[0].data.get("description") if row.attempts else None
    label = one_line(f"{row.name}: {described}" if described else row.name, 38)
    return f"{label} *" if row.name in path else label


def _bar(span: Span, path: Collection[str]) -> Bar:
    look = _MODEL if span.kind == "model" else _CRITICAL if span.name in path else _STEP
    return Bar(span.start, span.start + span.seconds, look if span.error is None else FAILED)


def _link(axes: "Axes", rows: Sequence[_Row], path: Sequence[str]) -> None:
    """A line from the end of each step on the path to the start of the next."""
    place = {row.name: number for number, row in enumerate(rows)}
    for here, there in pairwise(place[id] for id in path):
        end, start = rows[here].end, rows[there].start
        axes.plot([end, end, start], [here, there, there], color="#000000", linewidth=1)


def _cells(row: _Row, path: Collection[str]) -> Mapping[str, object]:
    ran = bool(row.attempts)
    return {
        "step": row.name,
        "start": f"{row.start:.3f}" if ran else "never",
        "end": f"{row.end:.3f}" if ran else None,
        "seconds": f"{row.end - row.start:.3f}" if ran else None,
        "waits for": ", ".join(row.waits_for),
        "on the critical path": "yes" if row.name in path else "",
    }
