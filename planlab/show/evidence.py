"""The evidence card: what a run shows, and what it does not, filled from the run's own trace.

What can be computed is computed, and says how; what only a person can judge says so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from planlab.errors import BadFile, BadInput, NotSaved, redact
from planlab.records import Result, as_text
from planlab.show.shown import NO_MATH, as_html, one_line
from planlab.show.spans import Spans, call_text, happened, spans_of
from planlab.tools import Risk, Tool
from planlab.trace import Span

_YOURS = "Not computed: read the trace and say."
_UPDATED = re.compile(r'"updated": ?"(\d{4}-\d{2}-\d{2})')
# A number, with or without thousands separators; not one inside a word, nor a list's own "2.".
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w*\d)")
_LIST_MARK = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)


@dataclass(frozen=True)
class Action:
    """One call of a tool, and what was observed after it."""

    call: str
    observation: str


@dataclass(frozen=True)
class Check:
    """One way to fail: found, not found, or (None) for a person to judge; `evidence` says why."""

    name: str
    found: bool | None
    evidence: str


@dataclass(frozen=True)
class EvidenceCard:
    """Task goal; what was done and observed; failure checks; expected against actual; revision."""

    goal: str
    actions: tuple[Action, ...]
    checks: tuple[Check, ...]
    expected: str
    actual: str
    revision: str

    def check(self, name: str) -> Check:
        """The check of that name; raises `BadInput`."""
        for check in self.checks:
            if check.name == name:
                return check
        names = ", ".join(check.name for check in self.checks)
        raise BadInput(f"The card has no check {name!r}; it has: {names}.")

    def judged(self, name: str, found: bool, evidence: str) -> "EvidenceCard":
        """The card with your own judgement of one check, such as 'stale observation'."""
        mine = replace(self.check(name), found=found, evidence=evidence)
        checks = tuple(mine if check.name == name else check for check in self.checks)
        return replace(self, checks=checks)

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The card as plain text."""
        return "\n".join(
            ["Evidence card"]
            + [
                f"{name}: {lines[0]}"
                if len(lines) == 1
                else "\n".join([f"{name}:", *(f"  {i}. {t}" for i, t in enumerate(lines, 1))])
                for name, lines in self._parts()
            ]
        )

    @property
    def markdown(self) -> str:
        """The card as Markdown, for a portfolio; nothing that the run wrote is live in it."""
        return "\n\n".join(
            ["## Evidence card"]
            + [
                f"**{name}:** {_markdown(lines[0])}"
                if len(lines) == 1
                else "\n".join(
                    [f"**{name}:**\n", *(f"{i}. {_markdown(t)}" for i, t in enumerate(lines, 1))]
                )
                for name, lines in self._parts()
            ]
        )

    def save(self, path: str | Path) -> None:
        """Write the card as JSON, without keys; raises `NotSaved`."""
        text = _CARD.dump_json(self, indent=2).decode()
        try:
            Path(path).write_text(redact(text) + "\n", encoding="utf-8")
        except OSError as problem:
            raise NotSaved(f"The card could not be saved to {path}: {problem.strerror}.") from None

    @staticmethod
    def load(path: str | Path) -> "EvidenceCard":
        """A card from its file; raises `BadFile`."""
        try:
            return _CARD.validate_json(Path(path).read_bytes())
        except (OSError, ValidationError) as problem:
            raise BadFile(f"{path} cannot be read as an evidence card: {problem}.") from None

    def _parts(self) -> list[tuple[str, list[str]]]:
        """The card's headings, each with its lines."""
        actions = [f"{a.call}: {a.observation}" for a in self.actions] or ["no tool was called"]
        return [
            ("Task goal", [self.goal]),
            ("Actions, and what each showed", actions),
            ("Failure checks", [f"{c.name}: {_FOUND[c.found]}. {c.evidence}" for c in self.checks]),
            ("Expected", [self.expected]),
            ("Actual", [one_line(self.actual, 400)]),
            ("Revision that it led to", [self.revision]),
        ]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        rows = "".join(
            f'<tr><th scope="row" {_CELL}>{name}</th><td {_CELL}>{_listed(lines)}</td></tr>'
            for name, lines in self._parts()
        )
        caption = '<caption style="text-align:left">Evidence card</caption>'
        table = f"<table {NO_MATH}>{caption}<tbody>{rows}</tbody></table>"
        return {"text/html": table, "text/plain": self.text}


_CARD = TypeAdapter(EvidenceCard)
_FOUND: Mapping[bool | None, str] = {True: "FOUND", False: "not found", None: "yours to judge"}
_CELL = 'style="text-align:left;vertical-align:top"'


def evidence_card(
    source: Spans,
    *,
    goal: str,
    expected: str,
    actual: str = "",
    revision: str = "",
    tools: Iterable[Tool | str] | None = None,
) -> EvidenceCard:
    """The card of a run: from its result, or from its trace or spans.

    `actual` is the result's answer, or the last thing that a model said, unless it is given.
    `tools` are those that were on offer: with their risks known, reading again after a change is
    no loop. `revision` says what you changed because of what you saw.
    """
    spans = spans_of(source)
    calls = [span for span in spans if span.kind == "tool"]
    actual = actual or _answer(source, spans)
    offered = None if tools is None else list(tools)
    return EvidenceCard(
        goal=one_line(goal),
        actions=tuple(Action(_call(span), happened(span)) for span in calls),
        checks=(
            _hallucinated(calls, offered),
            _stale(calls),
            _loop(calls, offered or ()),
            _unverified(actual, goal, calls),
        ),
        expected=one_line(expected),
        actual=one_line(actual) or "no answer",
        revision=one_line(revision) or "none",
    )


def _answer(source: Spans, spans: Sequence[Span]) -> str:
    if isinstance(source, Result):
        return "" if source.answer is None else as_text(source.answer)
    said = [str(s.data["answer"]) for s in spans if s.kind == "model" and s.data.get("answer")]
    return said[-1] if said else ""


def _call(span: Span, limit: int | None = 80) -> str:
    return call_text(span.name, span.data.get("arguments"), limit)


def _observed(span: Span) -> str:
    return str(span.error or span.data.get("observation") or "")


def _hallucinated(calls: Sequence[Span], offered: Sequence[Tool | str] | None) -> Check:
    """A call of a tool that is not on offer."""
    names = None if offered is None else [t if isinstance(t, str) else t.name for t in offered]
    ghosts = [
        span.name
        for span in calls
        if (span.error or "").startswith("UnknownTool:")
        or (names is not None and span.name not in names)
    ]
    listed = ", ".join(one_line(name, 60) for name in dict.fromkeys(ghosts))
    evidence = f"Not on offer: {listed}." if ghosts else "Every tool that was called is on offer."
    return Check("hallucinated step", bool(ghosts), evidence)


def _stale(calls: Sequence[Span]) -> Check:
    """Which observation was out of date, no trace can say; how old they were, it can."""
    dates = sorted({date for span in calls for date in _UPDATED.findall(_observed(span))})
    if len(dates) < 2:
        return Check("stale observation", None, _YOURS)
    evidence = (
        f"What was read is dated from {dates[0]} to {dates[-1]}: "
        "was an older one used where a newer contradicts it?"
    )
    return Check("stale observation", None, evidence)


def _loop(calls: Sequence[Span], offered: Sequence[Tool | str]) -> Check:
    """The same call again, with the same observation, and nothing changed in between."""
    changing = {t.name for t in offered if isinstance(t, Tool) and t.risk > Risk.LOW}
    seen: dict[str, str] = {}
    again: list[str] = []
    for span in calls:
        call = _call(span, None)
        if seen.get(call) == _observed(span):
            again.append(_call(span))
        elif span.name in changing and span.error is None:
            seen.clear()
        seen[call] = _observed(span)
    listed = "; ".join(f"{call} (repeats: {again.count(call)})" for call in dict.fromkeys(again))
    evidence = f"Called again to no effect: {listed}." if again else "No call was repeated in vain."
    return Check("loop", bool(again), evidence)


def _unverified(answer: str, goal: str, calls: Sequence[Span]) -> Check:
    """Numbers of the answer that stand in no observation, nor in the goal."""
    claimed = _numbers(_LIST_MARK.sub("", answer))
    known = [number for text in (goal, *map(_observed, calls)) for number in _numbers(text)]
    # A share may well be told as a percentage.
    known += [100 * number for number in known if 0 < abs(number) < 1]
    loose = [str(n) for n in dict.fromkeys(claimed) if not any(_agree(n, k) for k in known)]
    if loose:
        evidence = f"In the answer, in no observation: {', '.join(loose)}."
    elif claimed:
        evidence = "Every number of the answer stands in an observation or in the goal."
    else:
        evidence = f"The answer holds no number. {_YOURS}"
    return Check("unverified conclusion", bool(loose) if claimed else None, evidence)


def _numbers(text: str) -> list[Decimal]:
    """The numbers in `text`, in order.

    >>> _numbers("Q4: $1,200.50 on 2024-12-09, step s1")
    [Decimal('1200.50'), Decimal('2024'), Decimal('12'), Decimal('9')]
    """
    return [Decimal(found.replace(",", "")) for found in _NUMBER.findall(text)]


def _agree(claimed: Decimal, known: Decimal) -> bool:
    """Equal, or `known` rounded to the decimals that `claimed` shows."""
    exponent = claimed.as_tuple().exponent
    if not isinstance(exponent, int) or exponent == 0:
        return claimed == known
    return abs(claimed - known) <= Decimal(5).scaleb(exponent - 1)


def _listed(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return as_html(lines[0])
    return "<ol>" + "".join(f"<li>{as_html(line)}</li>" for line in lines) + "</ol>"


def _markdown(text: str) -> str:
    """`text` with what Markdown, HTML and formulas would take as markup made plain."""
    return re.sub(r"([\\`*_\[\]<>&|#!~$])", r"\\\1", text)
