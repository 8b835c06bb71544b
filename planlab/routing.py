"""A router: a small model does the work, and a large one does again what the small one got wrong.

(A cascade, as in FrugalGPT, arXiv:2305.05176.) Whoever takes a model takes a router. An error of
the small model escalates at once; a failed evaluation does so in the last attempt of a
`StepExecutor`, since only that knows what a step was for. Each escalation is a span of the trace.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields

from planlab.errors import MalformedAnswer, ModelError
from planlab.model import Message, Model, S
from planlab.records import Reply, Usage
from planlab.tools import Tool
from planlab.trace import Span, Trace, span

ESCALATION = "escalation"


@dataclass(frozen=True, kw_only=True)
class Router(Model):
    """The small model, with a `stronger` one behind it. What streams is the small model's alone."""

    stronger: Model

    async def ask(
        self,
        messages: str | Sequence[Message],
        *,
        tools: Iterable[Tool] | None = None,
        **options: object,
    ) -> Reply:
        """Like `Model.ask`; where that raises `ModelError`, the stronger model's answer."""
        offered = None if tools is None else list(tools)
        try:
            return await super().ask(messages, tools=offered, **options)
        except ModelError as error:
            with self.escalated(error) as stronger:
                return await stronger.ask(messages, tools=offered, **options)

    async def fill(
        self,
        messages: str | Sequence[Message],
        schema: type[S],
        *,
        attempts: int = 3,
        **options: object,
    ) -> S:
        """Like `Model.fill`; what does not fit in `attempts` is filled in by the stronger model."""
        try:
            return await super().fill(messages, schema, attempts=attempts, **options)
        except MalformedAnswer as error:
            with self.escalated(error) as stronger:
                return await stronger.fill(messages, schema, attempts=attempts, **options)

    @contextmanager
    def escalated(self, reason: Exception) -> Iterator[Model]:
        """The stronger model, with what it is asked recorded as an escalation."""
        with span("run", ESCALATION) as record:
            record.data |= {
                "from": self.name,
                "to": self.stronger.name,
                "reason": f"{type(reason).__name__}: {reason}",
            }
            yield self.stronger


def route(small: Model, large: Model) -> Router:
    """`small`, escalating to `large`; both are closed by whoever opened them."""
    same = {field.name: getattr(small, field.name) for field in fields(Model)}
    return Router(**same, stronger=large)


@dataclass(frozen=True)
class Escalation:
    """One escalation: the step that it was for, if any, why, and what the stronger model took."""

    step: str | None
    reason: str
    usage: Usage


def escalations(trace: Trace) -> tuple[Escalation, ...]:
    """The escalations in a trace, in order."""
    return tuple(
        Escalation(_step_of(trace, each), str(each.data["reason"]), trace.usage_in(each))
        for each in trace.of("run")
        if each.name == ESCALATION
    )


def _step_of(trace: Trace, inner: Span) -> str | None:
    while inner.parent is not None:
        inner = trace.spans[inner.parent]
        if inner.kind == "step":
            return inner.name
    return None
