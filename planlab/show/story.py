"""How a run went, read off its spans: the plans that it made, and how its context grew."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from planlab.records import Plan, Step
from planlab.show.shown import one_line
from planlab.trace import Span


@dataclass(frozen=True)
class PlanMade:
    """A plan as the planner wrote it; `reason` says why it was made anew, "" for a first plan."""

    reason: str
    steps: tuple[str, ...]


def plans_made(spans: Sequence[Span]) -> tuple[PlanMade, ...]:
    """Every plan that a model wrote, in order; of several drafts for one, the accepted draft."""
    planning = {span.id: span for span in spans if span.name == "make_plan"}
    made: dict[tuple[str, int], PlanMade] = {}
    for span in spans:
        plan = _plan_in(span)
        if plan is None:
            continue
        order = planning.get(-1 if span.parent is None else span.parent)
        steps = tuple(_in_words(step) for step in plan.steps)
        if order is None:
            made["answer", span.id] = PlanMade("", steps)
        elif order.data.get("stop") == "answered":
            made["make_plan", order.id] = PlanMade(one_line(order.data.get("reason", "")), steps)
    return tuple(made.values())


def context_sizes(spans: Sequence[Span]) -> tuple[int, ...]:
    """The input tokens of each model call that was answered, in order."""
    sizes = (span.usage.input_tokens for span in spans if span.kind == "model")
    return tuple(size for size in sizes if size)


def _plan_in(span: Span) -> Plan | None:
    """The plan that is this model call's answer, if it is one."""
    answer = span.data.get("answer")
    if span.kind != "model" or not isinstance(answer, str):
        return None
    try:
        return Plan.model_validate_json(answer)
    except ValidationError:
        return None


def _in_words(step: Step) -> str:
    by = f", by {step.tool}" if step.tool else ""
    after = f", after {', '.join(step.needs)}" if step.needs else ""
    return one_line(f"{step.id}: {step.description}{by}{after}", 200)
