"""A plan's steps over time, with the chain that decided how long they took."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
    waits_for: Sequence[str]
    label: str

    @property
    def start(self) -> float:
        return self.attempts[0].start

    def end(self, last: float) -> float:
        return max(end_of(span, last) for span in self.attempts)


def gantt(
    spans: Spans,
    needs: Graph | Plan,
    *,
    title: str = "Gantt chart",
    limit: int | None = None,
) -> Shown:
    """The steps of one run as bars over time, those on the critical path marked.

    A step is a span of kind "step" with the step's id as its name; its attempts share a row. Calls
    of models outside the steps, a planner's for instance, are shown too. The path is found from
    the measured times; with `limit` the text says what no schedule of so many at once can beat.
    Its text form is a table, which also unfolds below the picture.
    """
    graph = {s.id: s.needs for s in needs.steps} if isinstance(needs, Plan) else needs
    rows = _rows(spans_of(spans), graph)
    began = min((row.start for row in rows if row.attempts), default=0.0)
    last = max((end_of(s, s.start) for row in rows for s in row.attempts), default=0.0)
    ran = {row.name: row for row in rows if row.attempts and row.name in graph}
    within = {id: [other for other in graph[id] if other in ran] for id in graph if id in ran}
    path, length = find_critical_path(
        within, {id: row.end(last) - row.start for id, row in ran.items()}
    )
    steps = [span for row in ran.values() for span in row.attempts]
    head = f"{title}: {len(ran)} steps, at most {most_at_once(steps)} at once"
    if path:
        took = max(row.end(last) for row in ran.values()) - min(r.start for r in ran.values())
        head += f", in {took:.3f} s. Critical path: {' -> '.join(path)}, {length:.3f} s"
    if limit is not None:
        # A pause before another attempt holds no worker: it is in the chain, not in the work.
        busy = {id: sum(s.seconds for s in row.attempts) for id, row in ran.items()}
        bound = max(length, lower_bound(within, busy, limit))
        head += f". No schedule of at most {limit} at once takes less than {bound:.3f} s"
    return _show(rows, path, title, f"{head}.", began, last)


def _rows(spans: Sequence[Span], graph: Graph) -> list[_Row]:
    """The steps in the graph's order, so that two runs of one plan look alike; any other below.

    A model that began before the first of them stands above, any other at the end.
    """
    steps: dict[str, list[Span]] = {}
    models: list[_Row] = []
    inside: set[int | None] = set()
    for span in sorted(spans, key=lambda span: span.id):
        if span.kind == "step":
            steps.setdefault(span.name, []).append(span)
        elif span.kind == "model" and span.parent not in inside:
            models.append(_Row(f"model {span.name}", [span], (), f"model {span.name}"))
        if span.kind == "step" or span.parent in inside:
            inside.add(span.id)
    listed = [_row(id, steps.get(id, []), graph) for id in dict.fromkeys((*graph, *steps))]
    first = min((row.start for row in listed if row.attempts), default=0.0)
    above = [row for row in models if row.start <= first]
    return [*above, *listed, *models[len(above) :]]


def _row(id: str, attempts: Sequence[Span], graph: Graph) -> _Row:
    described = attempts[0].data.get("description") if attempts else None
    label = one_line(f"{id}: {described}" if described else id, 38)
    return _Row(id, attempts, graph.get(id, ()), label)


def _show(
    rows: Sequence[_Row], path: Sequence[str], title: str, head: str, began: float, last: float
) -> Shown:
    critical = set(path)
    bars = [
        (
            f"{row.label} *" if row.name in critical else row.label,
            [
                Bar(s.start - began, end_of(s, last) - began, _look(s, critical))
                for s in row.attempts
            ],
        )
        for row in rows
    ]
    axis = "seconds since the first began"
    figure, axes = draw_bars(bars, title=title, axis=axis, legend=_LEGEND)
    _link(axes, bars, [place for place, row in enumerate(rows) if row.name in critical])
    picture = figure_with_alt(figure, f"{head} The table below says the same.")
    table = show_table([_cells(row, critical, began, last) for row in rows])
    folded = f"<details><summary>As a table</summary>{table.forms['text/html']}</details>"
    return Shown(f"{head}\n{table.text}", {"text/html": picture.forms["text/html"] + folded})


def _look(span: Span, critical: Collection[str]) -> Look:
    if span.error is not None:
        return FAILED
    if span.kind == "model":
        return _MODEL
    return _CRITICAL if span.name in critical else _STEP


def _link(axes: "Axes", bars: Sequence[tuple[str, Sequence[Bar]]], critical: Sequence[int]) -> None:
    """A line from the end of each step on the path to the start of the next."""
    for here, there in pairwise(critical):
        end, start = bars[here][1][-1].end, bars[there][1][0].start
        axes.plot([end, end, start], [here, there, there], color="#000000", linewidth=1)


def _cells(row: _Row, critical: Collection[str], began: float, last: float) -> Mapping[str, object]:
    start, end = (row.start, row.end(last)) if row.attempts else (None, None)
    return {
        "step": row.name,
        "start": "never" if start is None else f"{start - began:.3f}",
        "end": None if end is None else f"{end - began:.3f}",
        "seconds": None if start is None or end is None else f"{end - start:.3f}",
        "waits for": ", ".join(row.waits_for),
        "on the critical path": "yes" if row.name in critical else "",
    }
