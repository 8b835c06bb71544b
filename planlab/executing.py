"""Carry out one step of a plan: as it was planned, judged, and mended where that does no harm.

The executor sees its step, the step's tool and the results that the step needs; nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from pydantic import Field

from planlab.errors import BadArguments, Refused, ToolError, ToolFailed, Transient
from planlab.model import Message, Model
from planlab.planning import render_results, says
from planlab.records import Observation, Plan, Record, Step
from planlab.toolbox import Toolbox
from planlab.tools import Risk, parse_arguments
from planlab.trace import span

SYSTEM = (
    "You carry out one step of a plan. Use only the results that you are given; say plainly what "
    "they do not tell."
)


class Evaluation(Record):
    """How well a step went."""

    success: Annotated[bool, Field(description="Does the result do what the step was for?")]
    issues: Annotated[tuple[str, ...], Field(description="What is wrong with it, if anything.")]
    suggestion: Annotated[str, Field(description="How to mend it; '' if nothing is wrong.")]


class Evaluate(Protocol):
    """Judges what a step gave."""

    async def __call__(self, step: Step, seen: Observation) -> Evaluation: ...


class StepRunner(Protocol):
    """Does a step, handed the results that it needs by step id; may raise `ToolError`."""

    async def __call__(self, step: Step, known: Mapping[str, object]) -> Observation: ...


def judged_by(model: Model) -> Evaluate:
    """An `evaluate` that asks `model` whether a result is what its step was for."""

    async def evaluate(step: Step, seen: Observation) -> Evaluation:
        found = render_results([step], {step.id: seen})
        return await model.fill(
            "You are a judge. Judge the result of one step of a plan: does it do what the step was "
            f"for?\n\nTask: {step.description}\n\nWanted: {step.expected_output}\n\n"
            f"Results:\n{found}",
            Evaluation,
        )

    return evaluate


@dataclass
class StepExecutor:
    """Does steps by the runner for their `how`; 'tool' is one call, or words where no tool is."""

    model: Model
    tools: Toolbox
    attempts: int = 2
    evaluate: Evaluate | None = None
    runners: Mapping[str, StepRunner] = field(default_factory=dict)
    evaluations: list[tuple[str, Evaluation]] = field(default_factory=list)

    @property
    def hows(self) -> tuple[str, ...]:
        """The ways in which a step can be run here."""
        return tuple(dict.fromkeys(("tool", *self.runners)))

    def may_retry(self, step: Step) -> bool:
        """Does it no harm to run the whole step again, whatever became of it?"""
        return step.how == "tool" and (step.tool is None or self.tools[step.tool].repeatable)

    async def do(
        self, step: Step, plan: Plan, taint: frozenset[str], *results: object
    ) -> Observation:
        """What the step gives, attempted `attempts` times at most; raises what stays wrong.

        `taint` is what the planner had read; `results` are those of `step.needs`.
        """
        known = dict(zip(step.needs, results, strict=True))
        with span("step", step.id) as record:
            record.data["description"] = step.description
            fault: ToolError | None = None
            for _ in range(self.attempts):
                seen = await self._attempt(step, plan, taint, known, fault)
                fault = await self._fault(step, seen)
                if fault is None:
                    return seen
                if not self._may_mend(step, fault):
                    break
            raise fault or ToolFailed(f"{step.id} was not attempted: attempts must be 1 or more.")

    async def _attempt(
        self,
        step: Step,
        plan: Plan,
        taint: frozenset[str],
        known: Mapping[str, object],
        fault: ToolError | None,
    ) -> Observation:
        """First as it was planned, by a tool where it has one; then as the model mends it."""
        if step.how in self.runners:
            return await self.runners[step.how](step, known)
        if step.tool and fault is None:
            return await self.tools.call(
                step.tool, step.arguments, known=known, taint=taint, step=step.id
            )
        read = taint.union(*(o.taint for o in known.values() if isinstance(o, Observation)))
        order = _order(step, plan, known, fault)
        if step.tool is None:
            reply = await self.model.ask(order)
            empty = None if reply.text.strip() else ToolFailed(f"{step.id}: nothing was answered.")
            return Observation(reply.text, empty, read)
        reply = await self.model.ask(
            order, tools=self.tools.only(step.tool), tool_choice="required"
        )
        if not reply.calls:
            return Observation(None, ToolFailed(f"{step.id}: no call was made: {reply.text}"), read)
        call = reply.calls[0]
        return await self.tools.only(step.tool).call(
            call.name, parse_arguments(call), taint=read, step=step.id
        )

    async def _fault(self, step: Step, seen: Observation) -> ToolError | None:
        """What is wrong with a result: its own error, or what the evaluation says of it."""
        if seen.error or self.evaluate is None:
            return seen.error
        verdict = await self.evaluate(step, seen)
        self.evaluations.append((step.id, verdict))
        if verdict.success:
            return None
        return ToolFailed(
            f"not what was wanted: {'; '.join((*verdict.issues, verdict.suggestion))}"
        )

    def _may_mend(self, step: Step, fault: ToolError) -> bool:
        """A call that was not made, or only read, may be made in another way; a refusal stands."""
        if step.how in self.runners or isinstance(fault, Transient | Refused):
            return False
        reads = step.tool is None or self.tools[step.tool].risk == Risk.LOW
        return reads or isinstance(fault, BadArguments)


def _order(
    step: Step, plan: Plan, known: Mapping[str, object], fault: ToolError | None
) -> list[Message]:
    given = [each for each in plan.steps if each.id in known]
    parts = [f"Task: {step.description}", f"Wanted: {step.expected_output}"]
    if given:
        parts.append(f"Results:\n{render_results(given, known)}")
    if fault is not None:
        parts.append(f"The first attempt went wrong: {fault}\nDo it in another way.")
    return [says("system", SYSTEM), says("user", "\n\n".join(parts))]
