"""The LLM compiler: run each step as soon as it is written and what it needs is there.

(LLMCompiler, arXiv:2312.04511: a planner that streams a task graph, an executor that starts what
is ready, a joiner that finishes or replans.) The plan and all results stand in `done` as they come,
so going on after a crash is to run again with the same `done`.
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    MutableMapping,
)
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field

from planlab.conflicts import InOrder
from planlab.errors import (
    BadInput,
    BudgetSpent,
    MalformedAnswer,
    ModelError,
    NeedsApproval,
    Refused,
)
from planlab.executing import StepExecutor, StepRunner, raise_unmendable
from planlab.model import Model
from planlab.planning import check_goal, plan_request, render_results, says
from planlab.progress import NO_PLAN, PLAN, Identify, Progress, is_finished, planned_from, renamed
from planlab.records import Goal, Plan, Record, Result, Step, Stop
from planlab.roles import stop_of
from planlab.schedule import Task, run_graph
from planlab.streaming import StepReader
from planlab.toolbox import Toolbox
from planlab.trace import current_trace, span
from planlab.validate import DefectKind, find_defects

__all__ = ["Compilation", "Joined", "run_compiler"]

JOINER = (
    "You are the joiner of a plan. Decide from the results whether to finish with the answer or to "
    "ask for a new plan of what is missing. Invent nothing."
)


class Joined(Record):
    """What the joiner decides."""

    finish: Annotated[
        bool, Field(description="Do the results answer the goal? false asks for a new plan.")
    ]
    answer: Annotated[str, Field(description="The answer, from the results alone; '' to replan.")]
    reason: Annotated[str, Field(description="What a new plan must do; '' if nothing is missing.")]


@dataclass(frozen=True)
class Compilation:
    """What a run leaves behind: how the plan stands, each decision of the joiner, an error."""

    progress: Progress
    joined: tuple[Joined, ...]
    error: Exception | None


async def run_compiler(
    goal: Goal | str,
    *,
    planner: Model,
    tools: Toolbox,
    joiner: Model,
    executor: Model | None = None,
    done: MutableMapping[str, object] | None = None,
    max_replans: int = 2,
    step_runners: Mapping[str, StepRunner] | None = None,
    retries: int = 1,
    step_timeout: float | None = None,
    limit: int = 16,
) -> Result[str, Compilation]:
    """Reach `goal` by a plan whose steps start while the rest of it is still being written.

    The joiner answers, or asks for a new plan at most `max_replans` times. Steps in words are done
    by `executor`, the joiner where none is given. A step that the goal's constraints do not allow
    fails; of two steps that touch one thing the later one waits. At most `limit` steps run at once;
    `step_timeout` is in seconds; a `Transient` error is tried again `retries` times.

    Stops: answered, rounds (the joiner wants yet another plan), waiting (for a person), budget,
    failed; the cause is `detail.error`. Raises `LearnerError`, and what a step runner raises by
    mistake.
    """
    goal = check_goal(goal, tools)
    if max_replans < 0 or limit < 1:
        raise BadInput("max_replans must be 0 or more, limit 1 or more.")
    work = StepExecutor(
        executor or joiner,
        tools,
        attempts=1,
        runners=step_runners or {},
        retries=retries,
        timeout=step_timeout,
    )
    run = _Run(goal, planner, joiner, work, {} if done is None else done, max_replans, limit)
    with current_trace() as trace, span("run", "compiler") as record:
        record.data["goal"] = goal.text
        answer, stop, error = await run.until_ended()
        record.data["stop"] = stop
    detail = Compilation(run.progress, tuple(run.joined), error)
    return Result(answer, stop, trace, trace.usage_in(record), detail)


@dataclass
class _Run:
    """One run: what it was given, why plans were made, what the joiner said."""

    goal: Goal
    planner: Model
    joiner: Model
    work: StepExecutor
    done: MutableMapping[str, object]
    max_replans: int
    limit: int
    learned: list[str] = field(default_factory=list)
    joined: list[Joined] = field(default_factory=list)

    async def until_ended(self) -> tuple[str | None, Stop, Exception | None]:
        """The answer if there is one, why the run ended, and the error that ended it."""
        try:
            return await self.until_answered()
        except (NeedsApproval, BudgetSpent, ModelError) as error:
            return None, stop_of(error), error

    async def until_answered(self) -> tuple[str | None, Stop, Exception | None]:
        """Read the plan as it is written and run each step as soon as it can; when all has ended,
        the joiner answers from what is known, or says what a new plan must do.
        """
        reason = self.held()
        for _ in range(self.max_replans + 1):
            problem = await self.run_written(reason)
            decision = await self.join(problem)
            if decision.finish:
                return decision.answer, Stop.ANSWERED, None
            reason = decision.reason or "the joiner asked for another plan"
        failure = problem or next((failed.error for failed in self.progress.failed), None)
        return None, Stop.ROUNDS if failure is None else Stop.FAILED, failure

    def held(self) -> str | None:
        """Why a plan is needed; None where `done` holds one for this goal."""
        plan = self.done.get(PLAN, NO_PLAN)
        if not isinstance(plan, Plan):
            raise BadInput(f"done[{PLAN!r}] is {type(plan).__name__}, not a Plan.")
        if plan.goal == self.goal.text:
            return None
        return "" if plan == NO_PLAN else f"the goal was changed; before, it was: {plan.goal}"

    @property
    def progress(self) -> Progress:
        """How the plan stands, and what was learned on the way."""
        plan = self.done.get(PLAN, NO_PLAN)
        return Progress(plan if isinstance(plan, Plan) else NO_PLAN, self.done, tuple(self.learned))

    async def run_written(self, reason: str | None) -> Exception | None:
        """Run the plan that is there or, with a `reason`, a new one; what was wrong with it."""
        for step in self.progress.remaining:
            self.done.pop(step.id, None)  # an earlier failure or wait: both are tried again
        problem = None
        try:
            await run_graph(self.tasks(reason), self.done, limit=self.limit)
        except ModelError as error:
            problem = error
        raise_unmendable(self.progress)
        return problem

    async def tasks(self, reason: str | None) -> AsyncIterator[Task]:
        """The steps for the scheduler, each one put into the plan in `done` as it comes."""
        plan = self.progress.plan
        if reason is not None:
            finished = self.progress.completed
            plan = Plan(
                goal=self.goal.text, reasoning=reason, steps=finished, version=plan.version + 1
            )
        steps = {step.id: step for step in plan.steps}
        orderly, allowed = InOrder(self.work.tools), self.progress.completed
        known = dict(self.done)  # what the planner is shown
        async with aclosing(self.steps(reason)) as coming:
            async for step in coming:
                steps[step.id] = step = orderly(step)
                self.done[PLAN] = plan.model_copy(update={"steps": tuple(steps.values())})
                task = self.work.task(step, steps, taint=planned_from(step.id, known))
                problem = self.forbids(allowed, step)
                if problem is not None:
                    yield replace(task, run=_refusing(problem))
                else:
                    allowed = (*allowed, step)
                    yield task

    async def steps(self, reason: str | None) -> AsyncGenerator[Step, None]:
        """What remains of the plan in `done` or, with a `reason`, of a new one as it is written."""
        if reason is None:
            for step in self.progress.remaining:
                yield step
            return
        self.learned += [reason] if reason else []
        order = plan_request(self.goal, self.progress, reason, self.work.tools, self.work.hows)
        arrivals = _Arrivals(self.progress, self.work.tools)
        reader = StepReader()
        async with aclosing(self.planner.stream(order, schema=Plan)) as pieces:
            async for piece in pieces:
                for written in reader.feed(piece):
                    for step in arrivals.add(written):
                        yield step
        reader.close()
        for step in arrivals.rest():
            yield step

    def forbids(self, allowed: tuple[Step, ...], step: Step) -> str | None:
        """What the goal's constraints have against `step` after those that are allowed."""
        if not self.goal.constraints:
            return None
        before = self.excesses(allowed)
        return next((it for it in self.excesses((*allowed, step)) if it not in before), None)

    def excesses(self, steps: tuple[Step, ...]) -> list[str]:
        """How these steps together go over what the goal permits or may cost."""
        plan = NO_PLAN.model_copy(update={"steps": steps})
        found = find_defects(plan, goal=self.goal, tools=self.work.tools)
        return [d.problem for d in found if d.kind in (DefectKind.PERMISSION, DefectKind.BUDGET)]

    async def join(self, problem: Exception | None) -> Joined:
        """The joiner's decision; a new plan where there is nothing yet to decide on."""
        progress = self.progress
        trouble = [str(problem)] if problem else []
        trouble += [f"{failed.at} failed: {failed.error}" for failed in progress.failed]
        if not progress.completed:
            return Joined(finish=False, answer="", reason="; ".join(trouble))
        parts = [f"Results:\n{render_results(progress.completed, self.done)}"]
        parts += ["What went wrong:\n" + "\n".join(trouble)] if trouble else []
        parts += [f"Goal: {self.goal.text}"]
        order = [says("system", JOINER), says("user", "\n\n".join(parts))]
        decision = await self.joiner.fill(order, Joined)
        self.joined.append(decision)
        reason = "; ".join([*trouble, decision.reason])
        return decision if decision.finish else decision.model_copy(update={"reason": reason})


def _refusing(problem: str) -> Callable[..., Awaitable[object]]:
    async def run(*results: object) -> object:
        raise Refused(problem)

    return run


class _Arrivals:
    """The steps of a new plan as they arrive, under ids that fit what is finished.

    One that needs a step which has not come yet is held until then: it could not start sooner. One
    that asks for what is finished is left out.
    """

    def __init__(self, progress: Progress, tools: Toolbox) -> None:
        self.done = progress.done
        self.identify = Identify(progress.plan, progress.done, tools)
        self.written: set[str] = set()
        self.early: list[Step] = []

    def add(self, step: Step) -> Iterator[Step]:
        """Whatever can be handed on now that `step` is there; raises `MalformedAnswer`."""
        if step.id in self.written:
            raise MalformedAnswer(f"Two steps of the plan have the id {step.id!r}.")
        if step.id == PLAN:
            raise MalformedAnswer(f"No step may have the id {PLAN!r}.")
        self.written.add(step.id)
        self.early.append(step)
        while ready := next((s for s in self.early if self._is_known(s)), None):
            self.early.remove(ready)
            yield from self._fitted(ready)

    def rest(self) -> Iterator[Step]:
        """The plan has ended: steps that need what never came can only be reported as stuck."""
        if not self.written:
            raise MalformedAnswer("The plan has no steps.")
        for step in self.early:
            yield from self._fitted(step)

    def _is_known(self, step: Step) -> bool:
        return all(id in self.identify.ids or is_finished(id, self.done) for id in step.needs)

    def _fitted(self, step: Step) -> Iterator[Step]:
        id = self.identify(step)
        if not is_finished(id, self.done):
            yield renamed(step, self.identify.ids)
