"""Diagrams as mermaid text, which JupyterLab draws offline, with a text form beside it.

mermaid-py writes nodes and links. Its styles come in random order, its titles are not quoted, and
ids such as `end` break the drawing: so ids here are s1 to sn, labels are escaped, and titles and
styles are written here. Its `Mermaid` object is never made: it calls a remote server.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from planlab.errors import BadInput
from planlab.records import Plan
from planlab.show.shown import Shown, one_line

MIME = "text/vnd.mermaid"

Mark = Literal["done", "failed", "waiting", "missing", "here"]

# A sign as well as a colour, since not everybody tells colours apart; dark text on light fill is
# legible in light and dark themes.
_SIGNS: Mapping[Mark, str] = {
    "done": "✓",
    "failed": "✗",
    "here": "►",
    "missing": "!",
    "waiting": "…",
}
_STYLES: Mapping[Mark, str] = {
    "done": "fill:#cfe8df,stroke:#00664b,color:#111111",
    "failed": "fill:#f7d9c4,stroke:#a34700,color:#111111,stroke-width:3px",
    "here": "fill:#cfe3f3,stroke:#004d80,color:#111111,stroke-width:3px",
    "missing": "fill:#ffffff,stroke:#a34700,color:#111111,stroke-dasharray:5 4",
    "waiting": "fill:#fbeec2,stroke:#7a5c00,color:#111111",
}
# Every other character is written as an entity: mermaid gives meaning to nearly all of them.
_PLAIN = frozenset(" ,-")


@dataclass(frozen=True)
class _Node:
    name: str  # how arrows in the text form refer to it
    label: str
    mark: Mark | None = None


_Edge = tuple[int, int, str]


def diagram(
    nodes: Mapping[str, str] | Iterable[str],
    edges: Iterable[tuple[str, str] | tuple[str, str, str]] = (),
    *,
    title: str = "",
    direction: Literal["LR", "TB"] = "LR",
    marks: Mapping[str, Mark] | None = None,
) -> Shown:
    """Boxes and arrows: `nodes` are labels, or labels by name; an edge is (from, to[, label]).

    `marks` puts a sign and a colour on a node. Raises `BadInput` where an edge or a mark names a
    node that is not there.

    >>> diagram(["plan", "act"], [("plan", "act"), ("act", "plan", "surprise")], title="Replanning")
    Diagram: Replanning
    - plan -> act
    - act -> plan (surprise)
    """
    labels = dict(nodes) if isinstance(nodes, Mapping) else {label: label for label in nodes}
    at = {name: index for index, name in enumerate(labels)}
    marks = marks or {}
    listed = [(edge[0], edge[1], edge[2] if len(edge) > 2 else "") for edge in edges]
    for name in (*marks, *(end for edge in listed for end in edge[:2])):
        if name not in at:
            raise BadInput(f"The diagram has no node {name!r}; its nodes: {', '.join(at)}.")
    for name, mark in marks.items():
        if mark not in _STYLES:
            raise BadInput(f"{name!r} cannot be marked {mark!r}; the marks: {', '.join(_STYLES)}.")
    drawn = [_Node(one_line(label), label, marks.get(name)) for name, label in labels.items()]
    return _draw(drawn, [(at[a], at[b], label) for a, b, label in listed], title, direction)


def plan_diagram(
    plan: Plan,
    *,
    done: Collection[str] = (),
    failed: Collection[str] = (),
    waiting: Collection[str] = (),
    direction: Literal["LR", "TB"] = "TB",
) -> Shown:
    """A plan as the graph of its steps, also where it is defective: an arrow for each need.

    A need that no step meets is drawn as missing; of two steps with one id, arrows go to and from
    the first. `done`, `failed` and `waiting` hold ids; those not in the plan are passed over.
    """
    nodes = [
        _Node(s.id, _step_label(s.id, s.description, s.tool), _mark(s.id, done, failed, waiting))
        for s in plan.steps
    ]
    at: dict[str, int] = {}
    for index, step in enumerate(plan.steps):
        at.setdefault(step.id, index)
    edges: list[_Edge] = []
    for index, step in enumerate(plan.steps):
        for need in step.needs:
            if need not in at:
                at[need] = len(nodes)
                nodes.append(_Node(need, f"{need}: no such step", "missing"))
            edges.append((at[need], index, ""))
    return _draw(nodes, edges, f"plan, version {plan.version}: {plan.goal}", direction)


def _step_label(id: str, description: str, tool: str | None) -> str:
    return f"{id}: {one_line(description, 80)}" + (f"\n({tool})" if tool else "")


def _mark(
    id: str, done: Collection[str], failed: Collection[str], waiting: Collection[str]
) -> Mark | None:
    """A result in `done` may itself be a failure, so that `failed` and `waiting` go first."""
    if id in failed:
        return "failed"
    if id in waiting:
        return "waiting"
    return "done" if id in done else None


def _draw(
    nodes: Sequence[_Node], edges: Sequence[_Edge], title: str, direction: Literal["LR", "TB"]
) -> Shown:
    lines = [_in_words(nodes, edges, index) for index in range(len(nodes))]
    title = one_line(title) or "no title"
    text = "\n".join([f"Diagram: {title}", *lines])
    # A title wider than the drawing would make it small.
    script = _script(nodes, edges, one_line(title, 80), direction, " ".join(lines))
    return Shown(text, {MIME: script})


def _in_words(nodes: Sequence[_Node], edges: Sequence[_Edge], index: int) -> str:
    """One node and the arrows that leave it."""
    node = nodes[index]
    ends = [
        nodes[end].name + (f" ({one_line(label)})" if label else "")
        for start, end, label in edges
        if start == index
    ]
    mark = f" [{node.mark}]" if node.mark else ""
    return f"- {one_line(node.label)}{mark}" + (f" -> {', '.join(ends)}" if ends else "")


def _script(
    nodes: Sequence[_Node],
    edges: Sequence[_Edge],
    title: str,
    direction: Literal["LR", "TB"],
    description: str,
) -> str:
    # Here, not at the top: it brings an HTTP client that nothing else needs.
    from mermaid.flowchart import FlowChart, Link, Node

    boxes = [Node(f"s{i}", _label(node)) for i, node in enumerate(nodes, start=1)]
    arrows = [Link(boxes[a], boxes[b], message=_escape(label)) for a, b, label in edges]
    chart = FlowChart(json.dumps(title, ensure_ascii=False), boxes, arrows, direction)
    marks = sorted({node.mark for node in nodes if node.mark})
    styles = [f"classDef {mark} {_STYLES[mark]}" for mark in marks]
    classes = [f"class s{i} {node.mark}" for i, node in enumerate(nodes, start=1) if node.mark]
    # Lab makes of these the picture's alt text, and a description for screen readers.
    access = [f"accTitle: Diagram - {_escape(title)}", f"accDescr: {_escape(description)}"]
    return "\n".join([chart.script.rstrip(), *(f"\t{line}" for line in access + styles + classes)])


def _label(node: _Node) -> str:
    sign = f"{_SIGNS[node.mark]} " if node.mark else ""
    # An empty label would show the node's id.
    return sign + "<br/>".join(_escape(line) for line in node.label.splitlines()) or " "


def _escape(text: str) -> str:
    """`text` with every character that could mean something to mermaid as an entity."""
    clean = one_line(text)
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in clean)
