"""Plan-and-execute: plan the whole, run it step by step, revise what remains.

(Plan-and-Solve, arXiv:2305.04091; the whole plan with references and one solve at the end is
ReWOO's, arXiv:2305.18323.) Whatever ends stands in `done` at once, the plan too. So resuming after
a crash, retrying, going on after an approval and following a changed goal are one act: run again
with the same `done`.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from planlab.conflicts import InOrder
from planlab.errors import BadInput, BudgetSpent, ModelError, NeedsApproval, ToolError
from planlab.executing import (
    Evaluate,
    Evaluation,
    StepExecutor,
    StepRunner,
    judged_by,
    raise_unmendable,
)
from planlab.model import Model
from planlab.planning import (
    Drafting,
    blocking,
    check_goal,
    make_plan,
    render_results,
    replan,
)
from planlab.progress import NO_PLAN, PLAN, Progress, planned_from
from planlab.records import Goal, Plan, Result, Step, Stop
from planlab.roles import stop_of
from planlab.schedule import Task, run_graph
from planlab.toolbox import Toolbox
from planlab.trace import current_trace, span

__all__ = ["Execution", "judged_by", "make_plan", "replan", "run_plan_execute", "run_rewoo"]

SYNTHESIS = (
    "Answer the goal from the results alone. Name what they do not tell, and invent nothing."
)


class Review(Protocol):
    """A person's look at a plan before it runs: returns it, perhaps edited, or raises `Refused`."""

    async def __call__(self, plan: Plan, /) -> Plan: ...


class Solve(Protocol):
    """Writes the answer: the request holds the results of all steps and the goal."""

    async def __call__(self, request: str, /) -> str: ...


@dataclass(frozen=True)
class Execution:
    """What a run leaves behind: the progress ledger, how each plan was made, how steps went."""

    progress: Progress
    plans: tuple[Drafting, ...]
    evaluations: tuple[tuple[str, Evaluation], ...]
    error: Exception | None


async def run_plan_execute(
    goal: Goal | str,
    *,
    planner: Model,
    executor: Model,
    tools: Toolbox,
    done: MutableMapping[str, object] | None = None,
    max_replans: int = 2,
    every: int | None = None,
    attempts: int = 2,
    evaluate: Evaluate | None = None,
    step_runners: Mapping[str, StepRunner] | None = None,
    review: Review | None = None,
    solve: Solve | None = None,
    retries: int = 1,
    step_timeout: float | None = None,
    limit: int = 16,
) -> Result[str, Execution]:
    """Reach `goal` by a plan, of which what remains is revised at most `max_replans` times.

    It is revised when a step failed and, with `every`, after each so many steps. Before that a
    `Transient` error is tried again `retries` times, and the executor mends a call that it does no
    harm to make again, `attempts` in all. `solve` writes the answer, else the executor. A plan of
    your own goes in as `done={PLAN: plan}`; a plan for another goal is first revised for this one,
    and that is not counted. `step_timeout` is in seconds; `limit` steps run at once.

    Stops: answered, rounds (no valid plan), waiting (for a person), refused, budget, failed; the
    cause is `detail.error`. Raises `LearnerError`, and what a step runner raises by mistake.
    """
    goal = check_goal(goal, tools)
    if max_replans < 0 or attempts < 1 or (every is not None and every < 1):
        raise BadInput("max_replans must be 0 or more; attempts and every 1 or more.")
    run = _Run(
        goal=goal,
        planner=planner,
        work=StepExecutor(
            executor, tools, attempts, evaluate, step_runners or {}, retries, step_timeout
        ),
        done={} if done is None else done,
        max_replans=max_replans,
        every=every,
        review=review,
        solve=solve,
        limit=limit,
    )
    with current_trace() as trace, span("run", "plan_execute") as record:
        record.data["goal"] = goal.text
        answer, stop, error = await run.until_ended()
        record.data["stop"] = stop
    detail = Execution(run.progress, tuple(run.plans), tuple(run.work.evaluations), error)
    return Result(answer, stop, trace, trace.usage_in(record), detail)


async def run_rewoo(
    goal: Goal | str,
    *,
    planner: Model,
    solver: Model,
    tools: Toolbox,
    done: MutableMapping[str, object] | None = None,
) -> Result[str, Execution]:
    """The plan as it was written, its references filled in, and one solve at the end: ReWOO."""
    return await run_plan_execute(
        goal, planner=planner, executor=solver, tools=tools, done=done, max_replans=0, attempts=1
    )


class _NoPlan(Exception):
    """No valid plan was made."""

    def __init__(self, stop: Stop, error: Exception | None) -> None:
        self.stop, self.error = stop, error


@dataclass
class _Run:
    """One run: what it was given, and how its plans were made."""

    goal: Goal
    planner: Model
    work: StepExecutor
    done: MutableMapping[str, object]
    max_replans: int
    every: int | None
    review: Review | None
    solve: Solve | None
    limit: int
    plans: list[Drafting] = field(default_factory=list)

    async def until_ended(self) -> tuple[str | None, Stop, Exception | None]:
        """The answer if there is one, why the run ended, and the error that ended it."""
        try:
            return await self.until_answered(), Stop.ANSWERED, None
        except _NoPlan as end:
            return None, end.stop, end.error
        except (NeedsApproval, BudgetSpent, ModelError, ToolError) as error:
            return None, stop_of(error), error

    async def until_answered(self) -> str:
        """Make a valid plan; run what is ready, and evaluate each step; when a step failed, or the
        world or the goal may have changed, replan what remains; answer from what was found.
        """
        await self.plan_for_goal()
        for replans_left in range(self.max_replans, -1, -1):
            await self.run_ready(may_pause=replans_left > 0)
            if not self.progress.remaining:
                break
            if replans_left == 0:
                raise self.progress.failed[0].error
            await self.revise(self.trouble())
        return await self.answer()

    async def plan_for_goal(self) -> None:
        """Use the plan in `done`; make one where there is none, revise one for another goal."""
        held = self.done.get(PLAN)
        if held is None:
            await self.revise("")
        elif not isinstance(held, Plan):
            raise BadInput(f"done[{PLAN!r}] is {type(held).__name__}, not a Plan.")
        elif held.goal != self.goal.text:
            await self.revise(f"the goal was changed; before, it was: {held.goal}")
        else:
            self.check(held)

    async def revise(self, reason: str) -> None:
        """Put a valid plan of what remains into `done`, once a person, if there, has seen it."""
        made = await replan(
            self.goal,
            self.progress,
            reason=reason,
            planner=self.planner,
            tools=self.work.tools,
            hows=self.work.hows,
        )
        self.plans.append(made.detail)
        if made.answer is None:
            raise _NoPlan(made.stop, made.detail.error)
        plan = made.answer
        if self.review is not None:
            plan = await self.review(plan)
            self.check(plan)
        self.done[PLAN] = plan

    def check(self, plan: Plan) -> None:
        """Raises `BadInput` for a person's plan that cannot run."""
        defects = blocking(Progress(plan, self.done), self.goal, self.work.tools, self.work.hows)
        problems = [defect.problem for defect in defects]
        if any(step.id == PLAN for step in plan.steps):
            problems.append(f"No step may have the id {PLAN!r}: that is the plan's place in done.")
        if problems:
            raise BadInput(f"This plan cannot run: {' '.join(problems)}")

    @property
    def progress(self) -> Progress:
        """How the plan stands, and what was learned on the way."""
        held = self.done.get(PLAN)
        plan = held if isinstance(held, Plan) else NO_PLAN
        return Progress(plan, self.done, tuple(made.reason for made in self.plans if made.reason))

    async def run_ready(self, *, may_pause: bool) -> None:
        """Run all that can run, or the next `every` steps; raises what no new plan can mend."""
        remaining = self.progress.remaining
        for step in remaining:
            self.done.pop(step.id, None)  # an earlier failure or wait: both are tried again
        await run_graph(self.tasks(remaining, may_pause), self.done, limit=self.limit)
        raise_unmendable(self.progress)

    def tasks(self, remaining: Sequence[Step], may_pause: bool) -> list[Task]:
        """What is to be run now. What the planner had read taints what it wrote since then."""
        steps = {step.id: step for step in self.progress.plan.steps}
        orderly = InOrder(self.work.tools)
        return [
            self.work.task(orderly(step), steps, taint=planned_from(step.id, self.done))
            for step in remaining[: self.every if may_pause else None]
        ]

    def trouble(self) -> str:
        """Why what remains is planned anew."""
        steps = {step.id: step for step in self.progress.plan.steps}
        failed = [
            f"{f.at} ({steps[f.at].description}, by {steps[f.at].tool}) failed: {f.error}"
            for f in self.progress.failed
        ]
        return "; ".join(failed) or f"{len(self.progress.completed)} steps are done: look again"

    async def answer(self) -> str:
        """What the results of all steps say about the goal."""
        progress = self.progress
        parts = [f"Results:\n{render_results(progress.completed, self.done)}"]
        if progress.learned:
            parts.append("What went wrong on the way:\n" + "\n".join(progress.learned))
        parts += [f"Goal: {self.goal.text}", SYNTHESIS]
        request = "\n\n".join(parts)
        if self.solve is not None:
            return await self.solve(request)
        return (await self.work.model.ask(request)).text
