"""The whole agent: a table of the ways to run a step, and one plan-and-execute that runs them.

It has no loop and decides nothing that a pattern decides. Each concern below is one pattern, is
handed over as an argument, and can be left out, so that what it is worth can be measured.

    concern         pattern             when to apply it
    decomposition   plan-and-execute    many steps whose order is known
    surprise        replanning          what a step gives can be judged, and may be wrong
    independence    the scheduler       steps that need nothing of each other
    quality         reflection          words that leave the agent, and can be judged
    paths           tree search         moves that can be tried before one is made
    risk            gates               what cannot be taken back
    crashes         the ledger          what must not be done twice, or paid for twice
    cost            a router            steps that a small model usually gets right

The steps of a plan run side by side by the compiler's scheduler, but not while the plan is still
being written: it is validated, and perhaps reviewed, as a whole first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from planlab.cost import Budget
from planlab.errors import BadInput
from planlab.executing import Evaluate
from planlab.ledger import Ledger
from planlab.model import Model
from planlab.patterns.gates import by_risk, gated
from planlab.patterns.plan_execute import Execution, Review, run_plan_execute
from planlab.planning import check_goal
from planlab.progress import PLAN
from planlab.records import Goal, Plan, Result, Step
from planlab.routing import Router
from planlab.toolbox import Gate, Reviewer, Toolbox, guarded
from planlab.ways import Checks, FindMaze, Ways

S = TypeVar("S")


class Concern(StrEnum):
    """What an agent may have to care for; without one, its pattern is left out."""

    DECOMPOSITION = "decomposition"
    SURPRISE = "surprise"
    INDEPENDENCE = "independence"
    QUALITY = "quality"
    PATHS = "paths"
    RISK = "risk"
    CRASHES = "crashes"
    COST = "cost"


@dataclass(frozen=True)
class Models:
    """Who plans and writes what leaves the agent; who does the rest, a `Router` where cost matters;
    who judges.
    """

    planner: Model
    executor: Model
    critic: Model

    def within(self, budget: Budget) -> "Models":
        """The same models, paying from `budget`."""
        return Models(*(_paying(m, budget) for m in (self.planner, self.executor, self.critic)))


async def run_agent(
    goal: Goal | str,
    *,
    models: Models,
    tools: Toolbox,
    gates: Sequence[Gate] | None = None,
    reviewer: Reviewer | None = None,
    review: Review | None = None,
    ledger: Ledger | None = None,
    evaluate: Evaluate | None = None,
    checks: Checks | None = None,
    maze: FindMaze[S] | None = None,
    budget: Budget | None = None,
    max_replans: int = 2,
    limit: int = 16,
    without: Collection[Concern] = (),
) -> Result[str, Execution]:
    """Reach `goal` with every pattern of the course, but for the concerns in `without`.

    `gates` are asked before each call (`by_risk` alone, if None), and `reviewer` is whom they ask;
    `review` looks at each plan; `evaluate` judges what a step gave, `checks` the words of a step,
    beside the critic; `maze` makes a puzzle of a step, or None; `budget` is for models and tools.
    Run again with the same `ledger` to go on after a crash, an approval or another goal.

    Stops like `run_plan_execute`. Raises `LearnerError`.
    """
    off = {Concern(name) for name in check_concerns(without)}
    goal = check_goal(goal, tools)
    if budget is not None:
        models, tools = models.within(budget), guarded(tools, budget=budget)
    if Concern.COST in off and isinstance(models.executor, Router):
        models = replace(models, executor=models.executor.stronger)
    kept = None if Concern.CRASHES in off else ledger
    asks = (by_risk(),) if gates is None else tuple(gates)
    ways = Ways(
        executor=models.executor,
        writer=models.planner,
        critic=models.critic,
        tools=_behind(() if Concern.RISK in off else asks, tools, kept, reviewer),
        done={} if kept is None else kept,
        checks=checks,
        maze=None if Concern.PATHS in off else maze,
        reflects=Concern.QUALITY not in off,
    )
    if Concern.DECOMPOSITION in off:
        ways.done.setdefault(PLAN, one_step(goal))
    careful = Concern.SURPRISE not in off
    return await run_plan_execute(
        goal,
        planner=models.planner,
        executor=models.executor,
        tools=ways.tools,
        done=ways.done,
        max_replans=max_replans if careful else 0,
        attempts=2 if careful else 1,
        evaluate=evaluate if careful else None,
        step_runners=ways.runners,
        review=ways.chosen(review),
        solve=ways.solve if ways.reflects else None,
        limit=1 if Concern.INDEPENDENCE in off else limit,
    )


def check_concerns(names: Collection[str]) -> Collection[str]:
    """The names themselves; raises `BadInput` where one is no concern."""
    for name in names:
        if name not in list(Concern):
            raise BadInput(f"{name!r} is no concern. There are: {', '.join(Concern)}.")
    return names


def one_step(goal: Goal) -> Plan:
    """The plan of an agent that does not decompose: one ReAct run."""
    step = Step(
        id="s1",
        description=goal.text,
        how="react",
        tool=None,
        arguments=(),
        depends_on=(),
        output=goal.outputs[0] if goal.outputs else "answer",
        expected_output="the goal is reached",
    )
    return Plan(goal=goal.text, reasoning="not decomposed", steps=(step,), version=1)


def _behind(
    gates: Sequence[Gate], tools: Toolbox, ledger: Ledger | None, reviewer: Reviewer | None
) -> Toolbox:
    """The tools behind the gates, with everything that is decided and done in the ledger."""
    if ledger is None or not gates:
        return guarded(tools, gates=gates, journal=ledger, reviewer=reviewer)
    return gated(tools, ledger, *gates, reviewer=reviewer)


def _paying(model: Model, budget: Budget) -> Model:
    if isinstance(model, Router):
        return replace(model, budget=budget, stronger=_paying(model.stronger, budget))
    return replace(model, budget=budget)
