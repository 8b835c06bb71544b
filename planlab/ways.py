"""The ways in which a step of a plan can be run, and which of them is meant for it.

Each is a pattern, called with the step's task and the results that it needs; whatever it read
taints what it gives. Code decides which, never the plan: a step carries no power.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from planlab.cost import Budget
from planlab.drafts import Check
from planlab.errors import ToolFailed
from planlab.executing import StepRunner
from planlab.model import Model
from planlab.patterns.plan_execute import Review
from planlab.patterns.react import run_react
from planlab.patterns.reflection import run_reflection
from planlab.patterns.search import best_first
from planlab.planning import render_results
from planlab.progress import PLAN, Progress, planned_from
from planlab.records import Observation, Plan, Result, Step, as_text
from planlab.searching import Evaluate, Propose, Puzzle
from planlab.toolbox import Toolbox
from planlab.tools import NO_TAINT, Risk

S = TypeVar("S")
T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True)
class Maze(Generic[S]):
    """A step whose path is uncertain, as a puzzle to be searched with at most `calls` calls."""

    puzzle: Puzzle[S]
    propose: Propose[S]
    evaluate: Evaluate[S]
    calls: int = 50


Known = Mapping[str, object]  # results by step id
Checks = Callable[[Step | None, Known], Sequence[Check]]  # of a step, or of the answer
FindMaze = Callable[[Step], Maze[S] | None]


@dataclass(frozen=True)
class Ways(Generic[S]):
    """The ways in which a step can be run, and which of them is meant for it."""

    executor: Model
    writer: Model
    critic: Model
    tools: Toolbox
    done: MutableMapping[str, object]
    checks: Checks | None
    maze: FindMaze[S] | None
    reflects: bool

    @property
    def runners(self) -> dict[str, StepRunner]:
        """The table: how a step is run, by its `how`; 'tool' is the executor's own."""
        return {"react": self.by_react, "reflect": self.by_reflection, "search": self.by_search}

    def chosen(self, review: Review | None) -> Review:
        """Each step of a plan gets its way, and then a person may look at it."""

        async def look(plan: Plan) -> Plan:
            steps = tuple(s.model_copy(update={"how": self.how(s, plan)}) for s in plan.steps)
            plan = plan.model_copy(update={"steps": steps})
            return plan if review is None else await review(plan)

        return look

    def how(self, step: Step, plan: Plan) -> str:
        """A call is a call. A maze is searched; what nothing is known of is looked for; words that
        are acted on are reflected on; other words are said once.
        """
        if step.tool is not None:
            return "tool"
        if self.maze is not None and self.maze(step) is not None:
            return "search"
        if not step.needs:
            return "react"
        acted_on = any(self.acts(user) for user in plan.steps if step.id in user.needs)
        return "reflect" if self.reflects and acted_on else "tool"

    @property
    def plan(self) -> Plan:
        """The plan that is being run."""
        plan = self.done[PLAN]
        assert isinstance(plan, Plan)  # whoever runs a step has put it there
        return plan

    def task(self, step: Step, known: Known) -> str:
        """What a step's runner is asked: the task, and the results that it needs."""
        needs = [other for other in self.plan.steps if other.id in known]
        parts = [f"{step.description} (wanted: {step.expected_output})"]
        parts += [f"Results:\n{render_results(needs, known)}"] if needs else []
        return "\n\n".join(parts)

    async def by_react(self, step: Step, known: Known) -> Observation:
        """A ReAct run with all tools."""
        found = await run_react(
            self.task(step, known),
            model=self.executor,
            tools=self.tools,
            step=step.id,
            taint=planned_from(step.id, self.done) | _read(known),
        )
        return Observation(_answer(found, found.detail.error), taint=found.detail.read)

    async def by_reflection(self, step: Step, known: Known) -> Observation:
        """The best of a few drafts."""
        return Observation(await self.reflected(self.task(step, known), step, known))

    async def solve(self, request: str) -> str:
        """The answer: a text that was reflected on already, if all that was found out went into it;
        else it is written now, and reflected on like all words that leave the agent.
        """
        plan = self.plan
        for step in plan.steps:
            if step.how == "reflect" and self.sums_up(step, plan):
                return _text(self.done[step.id])
        found = render_results(Progress(plan, self.done).completed, self.done)
        return await self.reflected(f"{plan.goal}\n\nResults:\n{found}", None, self.done)

    def sums_up(self, step: Step, plan: Plan) -> bool:
        """Does it need all that finds something out, and nothing that changes anything?"""
        needed = before(step, plan)
        return all(self.acts(s) != (s in needed) for s in plan.steps if s is not step)

    def acts(self, step: Step) -> bool:
        """Does it change anything?"""
        return step.tool is not None and self.tools[step.tool].risk != Risk.LOW

    async def reflected(self, task: str, step: Step | None, known: Known) -> str:
        """The best of a few drafts, even where none was approved."""
        found = await run_reflection(
            task,
            writer=self.writer,
            critic=self.critic,
            max_rounds=2,
            checks=() if self.checks is None else self.checks(step, known),
        )
        return _answer(found, found.detail.error)

    async def by_search(self, step: Step, known: Known) -> Observation:
        """The moves to make, found by trying them where it costs nothing."""
        maze = None if self.maze is None else self.maze(step)
        if maze is None:
            raise ToolFailed(f"{step.id} is to be searched, and there is no puzzle for it.")
        found = await best_first(
            maze.puzzle,
            propose=maze.propose,
            evaluate=maze.evaluate,
            budget=Budget(calls=maze.calls),
        )
        path: tuple[str, ...] = _answer(found, found.detail.error)
        return Observation(list(path))


def before(step: Step, plan: Plan) -> list[Step]:
    """All steps that `step` needs, all the way down."""
    found, by_id = dict.fromkeys(step.needs), {other.id: other for other in plan.steps}
    open_ = list(found)
    while open_:
        needs = by_id[open_.pop()].needs
        open_ += [id for id in needs if id not in found]
        found |= dict.fromkeys(needs)
    return [other for other in plan.steps if other.id in found]


def _text(value: object) -> str:
    return value.text if isinstance(value, Observation) else as_text(value)


def _read(known: Known) -> frozenset[str]:
    return NO_TAINT.union(*(v.taint for v in known.values() if isinstance(v, Observation)))


def _answer(result: Result[T, D], error: Exception | None) -> T:
    """The answer; raises what kept the run from one."""
    if result.answer is not None:
        return result.answer
    raise error or ToolFailed(f"the step ended without an answer: {result.stop}.")
