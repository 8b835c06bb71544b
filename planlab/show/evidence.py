"""The evidence card: what a run shows, and what it does not, filled from the run's own trace.

What can be computed is computed, and says how; what only a person can judge says so.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from planlab.errors import BadFile, BadInput, NotSaved, redact
from planlab.records import Result, as_text
from planlab.show.failures import Check, called, failure_checks
from planlab.show.shown import NO_MATH, as_html, one_line
from planlab.show.spans import Spans, happened, spans_of
from planlab.show.story import PlanMade, context_sizes, plans_made
from planlab.tools import Tool
from planlab.trace import Span

CARD = "planlab_card"  # where a notebook's output holds the card's data, in its metadata


@dataclass(frozen=True)
class Action:
    """One call of a tool, and what was observed after it."""

    call: str
    observation: str


@dataclass(frozen=True)
class EvidenceCard:
    """Task goal; what was done and observed; failure checks; expected against actual; revision.

    `plans` and `context` (input tokens of each model call) are for the portfolio.
    """

    goal: str
    actions: tuple[Action, ...]
    checks: tuple[Check, ...]
    expected: str
    actual: str
    revision: str
    plans: tuple[PlanMade, ...] = ()
    context: tuple[int, ...] = ()

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

    @property
    def json(self) -> str:
        """The card as JSON, without keys."""
        return redact(_CARD.dump_json(self, indent=2).decode())

    def save(self, path: str | Path) -> None:
        """Write the card as JSON; raises `NotSaved`."""
        try:
            Path(path).write_text(self.json + "\n", encoding="utf-8")
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

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, object]]:
        """The card to look at; and as data, which a saved notebook keeps for the portfolio."""
        rows = "".join(
            f'<tr><th scope="row" {_CELL}>{name}</th><td {_CELL}>{_listed(lines)}</td></tr>'
            for name, lines in self._parts()
        )
        caption = '<caption style="text-align:left">Evidence card</caption>'
        table = f"<table {NO_MATH}>{caption}<tbody>{rows}</tbody></table>"
        return {"text/html": table, "text/plain": self.text}, {CARD: json.loads(self.json)}


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
        actions=tuple(Action(called(span), happened(span)) for span in calls),
        checks=failure_checks(calls, goal=goal, answer=actual, offered=offered),
        expected=one_line(expected),
        actual=one_line(actual) or "no answer",
        revision=one_line(revision) or "none",
        plans=plans_made(spans),
        context=context_sizes(spans),
    )


def parse_card(data: object, where: str | Path) -> EvidenceCard:
    """The card in the data that a notebook kept of it; raises `BadFile`, which names `where`."""
    try:
        return _CARD.validate_python(data)
    except ValidationError as problem:
        raise BadFile(
            f"{where} holds an evidence card that cannot be read: {problem}. Run its cell again."
        ) from None


def _answer(source: Spans, spans: Sequence[Span]) -> str:
    if isinstance(source, Result):
        return "" if source.answer is None else as_text(source.answer)
    said = [str(s.data["answer"]) for s in spans if s.kind == "model" and s.data.get("answer")]
    return said[-1] if said else ""


def _listed(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return as_html(lines[0])
    return "<ol>" + "".join(f"<li>{as_html(line)}</li>" for line in lines) + "</ol>"


def _markdown(text: str) -> str:
    """`text` with what Markdown, HTML and formulas would take as markup made plain."""
    return re.sub(r"([\\`*_\[\]<>&|#!~$])", r"\\\1", text)
