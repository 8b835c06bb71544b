"""Carry out one step of a plan: as it was planned, judged, and mended where that does no harm.

The executor sees its step, the step's tool and the results that the step needs; nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Protocol

from pydantic import Field

from planlab.errors import (
    BadArguments,
    BadInput,
    ModelError,
    NeedsApproval,
    Refused,
    ToolError,
    ToolFailed,
    Transient,
)
from planlab.model import Message, Model
from planlab.planning import render_results, says
from planlab.progress import Progress
from planlab.records import Observation, Record, Ref, Reply, Step, as_text
from planlab.routing import Router
from planlab.schedule import Task
from planlab.toolbox import Toolbox
from planlab.tools import NO_TAINT, Risk, parse_arguments
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


@dataclass(frozen=True)
class Job:
    """A step with all that is known to it: the steps that it needs, and their results.

    `taint` is what the planner had read when it wrote the step.
    """

    step: Step
    needs: Sequence[Step]
    results: Mapping[str, object]
    taint: frozenset[str]

    @property
    def read(self) -> frozenset[str]:
        """The taint of whatever is worked out from it."""
        seen = (o.taint for o in self.results.values() if isinstance(o, Observation))
        return self.taint.union(*seen)


@dataclass
class StepExecutor:
    """Does steps by the runner for their `how`; 'tool' is one call, or words where no tool is.

    `attempts` are its own, to mend a call, the last by the stronger model of a `Router`; `retries`
    are the scheduler's, after a `Transient` error; `timeout` is in seconds.
    """

    model: Model
    tools: Toolbox
    attempts: int = 2
    evaluate: Evaluate | None = None
    runners: Mapping[str, StepRunner] = field(default_factory=dict)
    retries: int = 1
    timeout: float | None = None
    evaluations: list[tuple[str, Evaluation]] = field(default_factory=list)

    @property
    def hows(self) -> tuple[str, ...]:
        """The ways in which a step can be run here."""
        return tuple(dict.fromkeys(("tool", *self.runners)))

    def task(
        self, step: Step, steps: Mapping[str, Step], *, taint: frozenset[str] = NO_TAINT
    ) -> Task:
        """The step for the scheduler; `steps` has those that it needs, by id."""

        async def run(*results: object) -> Observation:
            known = dict(zip(step.needs, results, strict=True))
            return await self.do(Job(step, [steps[id] for id in known], known, taint))

        retries = self.retries if self._may_retry(step) else 0
        return Task(step.id, run, step.needs, self.timeout, retries)

    def _may_retry(self, step: Step) -> bool:
        """Does it no harm to run the whole step again, whatever became of it?"""
        if step.how != "tool" or step.tool is None:
            return step.how == "tool"
        return step.tool in self.tools and self.tools[step.tool].repeatable

    async def do(self, job: Job) -> Observation:
        """What the step gives, in at most `attempts` attempts; raises what stays wrong with it."""
        with span("step", job.step.id) as record:
            record.data["description"] = job.step.description
            fault: ToolError | None = None
            for left in reversed(range(self.attempts)):
                seen = await self._attempt(job, fault, last=left == 0)
                fault = await self._fault(job.step, seen)
                if fault is None:
                    return seen
                if not self._may_mend(job.step, fault):
                    break
            raise fault or BadInput(f"attempts is {self.attempts}: at least one is needed.")

    async def _attempt(self, job: Job, fault: ToolError | None, *, last: bool) -> Observation:
        """By its runner; by its tool, as planned; or, in words or to mend a call, by the model."""
        step = job.step
        if step.how in self.runners:
            seen = await self.runners[step.how](step, job.results)
            return replace(seen, taint=seen.taint | job.read)
        if step.how not in self.hows:
            ways = ", ".join(self.hows)
            raise BadArguments(f"{step.how!r} is no way to run a step here: {ways}.")
        if step.tool is None:
            reply = await self._ask(job, fault, last)
            empty = None if reply.text.strip() else ToolFailed("nothing was answered.")
            return Observation(reply.text, empty, job.read)
        if fault is None:
            return await self.tools.call(
                step.tool, step.arguments, known=job.results, taint=job.taint, step=step.id
            )
        tools = self.tools.only(step.tool)
        reply = await self._ask(job, fault, last, tools)
        if not reply.calls:
            return Observation(None, ToolFailed(f"no call was made: {reply.text}"), job.read)
        arguments = parse_arguments(reply.calls[0])
        return await tools.call(reply.calls[0].name, arguments, taint=job.read, step=step.id)

    async def _ask(
        self, job: Job, fault: ToolError | None, last: bool, tools: Toolbox | None = None
    ) -> Reply:
        """The model's answer; the stronger one's, in the last attempt to mend what went wrong."""
        choice = {} if tools is None else {"tool_choice": "required"}
        if fault is not None and last and isinstance(self.model, Router):
            with self.model.escalated(fault) as stronger:
                return await stronger.ask(_order(job, fault), tools=tools, **choice)
        return await self.model.ask(_order(job, fault), tools=tools, **choice)

    async def _fault(self, step: Step, seen: Observation) -> ToolError | None:
        """What is wrong with a result: its own error, or what the evaluation finds.

        What cannot be taken back is not judged: to fail it now would only have it done twice.
        """
        if seen.error or self.evaluate is None or self._risk(step) == Risk.HIGH:
            return seen.error
        verdict = await self.evaluate(step, seen)
        self.evaluations.append((step.id, verdict))
        told = "; ".join((*verdict.issues, verdict.suggestion))
        return None if verdict.success else ToolFailed(f"not what was wanted: {told}")

    def _may_mend(self, step: Step, fault: ToolError) -> bool:
        """A call that was not made, or only read, may be made in another way; a refusal stands."""
        if step.how in self.runners or isinstance(fault, Transient | Refused):
            return False
        return self._risk(step) == Risk.LOW or isinstance(fault, BadArguments)

    def _risk(self, step: Step) -> Risk:
        return Risk.LOW if step.tool is None else self.tools[step.tool].risk


def raise_unmendable(progress: Progress) -> None:
    """Raises what no new plan can mend: a step's error of another kind, or that one waits."""
    for failure in progress.failed:
        if not isinstance(failure.error, ToolError | ModelError):
            raise failure.error
    for wait in progress.waiting:
        raise NeedsApproval(f"{wait.at} waits for a person.", wait.request)


def _order(job: Job, fault: ToolError | None) -> list[Message]:
    """What the model is asked: the results, then the task, then what went wrong with it."""
    step = job.step
    parts = [f"Results:\n{render_results(job.needs, job.results)}"] if job.needs else []
    parts += [f"Task: {step.description}", f"Wanted: {step.expected_output}"]
    if fault is not None:
        planned = {a.name: a.value for a in step.arguments if not isinstance(a.value, Ref)}
        parts.append(f"It was tried with {as_text(planned)} and went wrong: {fault}")
        parts.append("Do it again without that fault, and keep what the plan asked for.")
    return [says("system", SYSTEM), says("user", "\n\n".join(parts))]
