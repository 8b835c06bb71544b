"""Reading a trace: its spans as a tree, and what happened in each, in words."""

import json
from collections.abc import Iterable, Iterator, Mapping

from planlab.records import Result, as_text
from planlab.show.shown import one_line
from planlab.trace import Span, Trace

Spans = Trace | Result[object, object] | Iterable[Span]


def spans_of(source: Spans) -> list[Span]:
    """The spans of a trace, of a result's trace, or as they are given."""
    if isinstance(source, Result):
        source = source.trace
    return list(source.spans if isinstance(source, Trace) else source)


def as_tree(spans: Iterable[Span]) -> Iterator[tuple[int, Span]]:
    """Each span with its depth, parents before their children, in the order in which they began.

    A span whose parent is not there (a crash can lose it) stands at depth 0.
    """
    spans = list(spans)
    known = {span.id for span in spans}
    children: dict[int | None, list[Span]] = {}
    for span in spans:
        # A parent begins before its child, so its id is smaller; this also rules out circles.
        has_parent = span.parent in known and span.parent is not None and span.parent < span.id
        children.setdefault(span.parent if has_parent else None, []).append(span)
    waiting = [(0, span) for span in reversed(children.get(None, []))]
    while waiting:
        depth, span = waiting.pop()
        yield depth, span
        waiting.extend((depth + 1, child) for child in reversed(children.get(span.id, [])))


def call_text(name: str, arguments: object, limit: int | None = 60) -> str:
    """A call as it would be written; arguments that a model wrote as JSON are read as such.

    >>> call_text("read_file", {"path": "price_book.csv"})
    "read_file(path='price_book.csv')"
    """
    return one_line(f"{name}({_listed(arguments)})", limit)


def happened(span: Span, limit: int | None = 100) -> str:
    """What came of a span: its error, observation, calls or answer, cut to `limit` characters."""
    said = [one_line(span.data[key]) for key in ("observation", "answer") if span.data.get(key)]
    if span.error is not None:
        said = [f"FAILED {span.error}"]
    calls = span.data.get("calls")
    if isinstance(calls, list) and calls:
        said.append("calls " + ", ".join(_asked(call) for call in calls))
    if span.data.get("stop"):
        said.append(f"stopped: {span.data['stop']}")
    if span.end is None:
        said.append("(not ended)")
    return one_line("; ".join(said), limit)


def call_and_outcome(span: Span) -> str:
    """A tool span's arguments, and what came of them; of another span, what came of it."""
    arguments = one_line(_listed(span.data.get("arguments")), 60)
    return f"({arguments}) -> {happened(span)}" if arguments else happened(span)


def _listed(arguments: object) -> str:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return str(arguments)
    if isinstance(arguments, Mapping):
        return ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return "" if arguments is None else as_text(arguments)


def _asked(call: object) -> str:
    match call:
        case [str() as name, arguments]:
            return call_text(name, arguments)
        case _:
            return one_line(as_text(call), 60)
