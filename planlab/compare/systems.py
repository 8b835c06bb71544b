"""Eight systems that do one assignment: seven patterns alone, and the agent that combines them.

All have the same tools, models, critic and budget; they differ in what they do with them. The
single patterns have no gates and no ledger, as in the papers that they come from.
"""

import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from planlab.agent import Models, run_agent
from planlab.compare.acting import Acting, calls_in, make_call, taking_turns
from planlab.compare.assignments import Assignment, looks_whole
from planlab.compare.tired import TiredPerson
from planlab.cost import Budget
from planlab.drafts import Check, Request, writing
from planlab.ledger import Ledger
from planlab.model import Message, Model
from planlab.patterns.compiler import run_compiler
from planlab.patterns.plan_execute import run_plan_execute, run_rewoo
from planlab.patterns.react import run_react
from planlab.patterns.reflection import run_reflection
from planlab.patterns.search import run_lats
from planlab.records import Step, Stop
from planlab.roles import perform
from planlab.routing import route
from planlab.searching import evaluating, reflecting
from planlab.toolbox import Toolbox
from planlab.world import World

MOST_TURNS = 16
Ended = tuple[str | None, Stop]


@dataclass(frozen=True)
class Desk:
    """What a system is given: the assignment, models, tools; a ledger, a person, a copy to try in.

    `tries` are the tools of `copy`, which is a second world, the same as the first.
    """

    job: Assignment
    large: Model
    small: Model
    tools: Toolbox
    ledger: Ledger
    person: TiredPerson
    copy: World
    tries: Toolbox
    chance: random.Random


async def react(desk: Desk) -> Ended:
    """Think, act, observe."""
    found = await run_react(desk.job.goal, model=desk.large, tools=desk.tools, max_turns=MOST_TURNS)
    return found.answer, found.stop


async def plan_execute(desk: Desk, *, max_replans: int = 0) -> Ended:
    """One plan; with `max_replans` also its evaluation and revision."""
    found = await run_plan_execute(
        desk.job.goal,
        planner=desk.large,
        executor=desk.large,
        tools=desk.tools,
        max_replans=max_replans,
        evaluate=looks_whole if max_replans else None,
    )
    return found.answer, found.stop


async def replanning(desk: Desk) -> Ended:
    """The same, with evaluation and at most two new plans."""
    return await plan_execute(desk, max_replans=2)


async def rewoo(desk: Desk) -> Ended:
    """The plan as it was written, and one solve."""
    found = await run_rewoo(desk.job.goal, planner=desk.large, solver=desk.large, tools=desk.tools)
    return found.answer, found.stop


async def reflection(desk: Desk) -> Ended:
    """A ReAct run writes the first draft; it is checked, judged and revised."""
    revise = writing(desk.large)

    async def write(request: Request) -> str:
        if request.draft is not None:
            return await perform(revise, request)
        return (await react(desk))[0] or ""

    found = await run_reflection(
        desk.job.goal, writer=write, critic=desk.large, checks=[desk.job.check(desk.tools)]
    )
    return found.answer, found.stop


async def lats(desk: Desk) -> Ended:
    """Turns are tried in a copy of the world; the best path is then acted out."""
    puzzle = Acting(desk.job.goal, desk.copy, desk.tries, desk.job.check(desk.tries))
    found = await run_lats(
        puzzle,
        propose=taking_turns(desk.large, desk.tries),
        evaluate=evaluating(desk.large, puzzle),
        reflect=reflecting(desk.large, puzzle),
        budget=Budget(),
        rng=desk.chance,
        depth=MOST_TURNS,
        patience=2,
    )
    said = None
    for number, action in enumerate(found.detail.best):
        said = await act_out(desk, action, number)
    return said, found.stop


async def act_out(desk: Desk, action: str, number: int) -> str | None:
    """Make the calls of a turn in the real world; its words, if it makes none."""
    turn: Message = json.loads(action)
    for each, call in enumerate(calls_in(turn)):
        await make_call(desk.tools, call, f"path.{number}.{each}")
    return None if turn.get("tool_calls") else str(turn["content"])


async def compiler(desk: Desk) -> Ended:
    """Steps start while the plan is still being written; a joiner answers or replans."""
    found = await run_compiler(
        desk.job.goal, planner=desk.large, joiner=desk.large, tools=desk.tools
    )
    return found.answer, found.stop


async def combined(desk: Desk) -> Ended:
    """All of them, each for its concern: `planlab.agent`."""
    check = desk.job.check(desk.tools)

    def checks(step: Step | None, known: Mapping[str, object]) -> list[Check]:
        # Where mails are asked for, it is they that are checked, and not the answer.
        return [] if step is None and desk.job.allowed else [check]

    found = await run_agent(
        desk.job.goal,
        models=Models(desk.large, route(desk.small, desk.large), desk.large),
        tools=desk.tools,
        reviewer=desk.person,
        ledger=desk.ledger,
        evaluate=looks_whole,
        checks=checks,
    )
    return found.answer, found.stop


SYSTEMS: Mapping[str, Callable[[Desk], Awaitable[Ended]]] = {
    "ReAct": react,
    "plan-and-execute": plan_execute,
    "with replanning": replanning,
    "ReWOO": rewoo,
    "reflection": reflection,
    "LATS": lats,
    "compiler": compiler,
    "combined": combined,
}
