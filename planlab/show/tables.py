"""Plans and traces as tables: HTML for the eye and screen readers, aligned text for the rest."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from planlab.errors import BadInput
from planlab.records import Plan, Ref, Step, Usage
from planlab.show.shown import NO_MATH, Shown, as_html, one_line
from planlab.show.spans import Spans, as_tree, call_and_outcome, call_text, spans_of
from planlab.trace import Span

_WIDEST = 60  # characters of a column before its text is wrapped


def show_table(rows: Iterable[Mapping[str, object]], *, title: str = "") -> Shown:
    """Rows as a table; the first row's keys are the columns. Numbers stand on the right.

    >>> show_table([{"tool": "web_search", "calls": 3}, {"tool": "calculate", "calls": 12}])
    tool        calls
    ----------  -----
    web_search      3
    calculate      12
    """
    listed = list(rows)
    columns = list(listed[0]) if listed else []
    for number, row in enumerate(listed, start=1):
        if row.keys() != dict.fromkeys(columns).keys():
            raise BadInput(f"Row {number} of the table has {list(row)}; each must have {columns}.")
    return _table(title, columns, [[row[name] for name in columns] for row in listed])


def show_plan(plan: Plan) -> Shown:
    """A plan's steps: what each does, by which tool, what it needs and what it hands on."""
    columns = ["step", "what", "how", "needs", "output"]
    title = f"Plan, version {plan.version}: {plan.goal}"
    return _table(title, columns, [_plan_row(step) for step in plan.steps])


def show_trace(trace: Spans, *, times: bool = False) -> Shown:
    """A trace, indented by depth: tokens in and out, US dollars, and what happened.

    `times` adds when each span began and how long it took, in seconds.
    """
    spans = spans_of(trace)
    rows = [_trace_row(depth, span, times) for depth, span in as_tree(spans)]
    total = sum((span.usage for span in spans), Usage())
    rows.append(["total", *_usage_cells(total), *([None, None] if times else []), ""])
    columns = ["span", "tokens in", "out", "dollars", *(["began", "took"] if times else [])]
    return _table("", [*columns, "what happened"], rows)


def _plan_row(step: Step) -> list[object]:
    arguments = {a.name: _argument(a.value) for a in step.arguments}
    listed = ", ".join(f"{name}={value}" for name, value in arguments.items())
    how = step.how if step.tool is None else call_text(step.tool, listed, 120)
    return [step.id, step.description, how, ", ".join(step.needs), step.output]


def _argument(value: object) -> str:
    """A value as in code; a reference as where it points: `s1.rows.0`."""
    if isinstance(value, Ref):
        return f"{value.step}.{value.path}" if value.path else value.step
    return repr(list(value) if isinstance(value, tuple) else value)


def _trace_row(depth: int, span: Span, times: bool) -> list[object]:
    when: list[object] = [f"{span.start:.3f}", f"{span.seconds:.3f}"] if times else []
    label = "  " * depth + one_line(f"{span.kind} {span.name}", 60)
    return [label, *_usage_cells(span.usage), *when, call_and_outcome(span)]


def _usage_cells(usage: Usage) -> list[object]:
    """Tokens in, tokens out and dollars, each left empty where nothing was spent."""
    dollars = f"{usage.dollars:.6f}" if usage.dollars else None
    return [usage.input_tokens or None, usage.output_tokens or None, dollars]


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Shown:
    cells = [[_cell(value) for value in row] for row in rows]
    right = [
        any(_is_number(row[i]) for row in rows)
        and all(_is_number(row[i]) or row[i] in (None, "") for row in rows)
        for i in range(len(columns))
    ]
    title = one_line(title)
    return Shown(
        _text_table(title, columns, cells, right),
        {"text/html": _html_table(title, columns, cells, right)},
    )


def _cell(value: object) -> str:
    """A value for one cell; the spaces before it, which show depth, are kept."""
    if value is None:
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return " " * (len(text) - len(text.lstrip(" "))) + one_line(text)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return value.replace(".", "", 1).isdecimal()
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]
) -> str:
    wrapped = [[_wrap(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(line) for row in wrapped for line in row[i]) for i in range(len(columns))]
    wrapped.insert(1, [["-" * width] for width in widths])
    lines = [title] if title else []
    for row in wrapped:
        for at in range(max(map(len, row), default=0)):
            parts = (cell[at] if at < len(cell) else "" for cell in row)
            padded = (
                part.rjust(width) if flush else part.ljust(width)
                for part, width, flush in zip(parts, widths, right, strict=True)
            )
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _wrap(cell: str) -> list[str]:
    """The lines of a cell, at its own depth; without any, one empty line."""
    depth = cell[: len(cell) - len(cell.lstrip(" "))]
    return textwrap.wrap(cell, _WIDEST, subsequent_indent=depth + "  " * bool(depth)) or [""]


def _html_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]
) -> str:
    caption = f'<caption style="text-align:left">{as_html(title)}</caption>' if title else ""
    head = "".join(
        f'<th scope="col" {_side(r)}>{as_html(c)}</th>' for c, r in zip(columns, right, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(_html_cell(c, r) for c, r in zip(row, right, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table {NO_MATH}>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _side(right: bool) -> str:
    return f'style="text-align:{"right" if right else "left"}"'


def _html_cell(cell: str, right: bool) -> str:
    text = cell.lstrip(" ")
    if depth := len(cell) - len(text):
        indent = "&nbsp;" * 2 * depth
        return f'<td style="text-align:left;white-space:nowrap">{indent}{as_html(text)}</td>'
    if len(text) > _WIDEST:
        # A long word, such as a URL, would push what is beside it out of sight.
        return f'<td style="text-align:left;overflow-wrap:anywhere">{as_html(text)}</td>'
    return f"<td {_side(right)}>{as_html(text)}</td>"
