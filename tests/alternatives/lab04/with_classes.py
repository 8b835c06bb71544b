"""A class for the run, recursion over needs, plans that keep what is finished in front."""

# ruff: noqa: F821 (the lab's own: asks, renamed)

from collections import Counter
from dataclasses import dataclass, field

from planlab import Plan, Step, Toolbox
from planlab.errors import Refused, ToolError, Transient
from planlab.records import Observation

QUESTIONS = ("bugs", "goal", "bounded", "audit")


@dataclass
class Run:
    tools: Toolbox
    done: dict[str, Observation] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    async def has(self, id: str, steps: dict[str, Step]) -> bool:
        """Whether the step has a result, once all that it needs was tried."""
        if id in self.done or id in self.faults:
            return id in self.done
        step = steps[id]
        here = [await self.has(needed, steps) for needed in step.needs]
        if not all(here):
            return False
        seen = await self.tools.call(step.tool, step.arguments, known=self.done, step=id)
        if seen.error is None:
            self.done[id] = seen
        else:
            self.faults[id] = seen.error.message
        return seen.error is None


def merge(old: list[Step], new: Plan, taken: set[str]) -> list[Step]:
    """Old steps, then new ones; the same id for another thing becomes a longer one."""
    before, ids = {step.id: step for step in old}, {}
    taken = taken | {step.id for step in new.steps}
    for step in new.steps:
        if step.id in before and asks(before[step.id]) != asks(step):
            one = step.id
            while one in taken:
                one += "'"
            taken.add(one)
            ids[step.id] = one
    return old + [
        renamed(step, ids) for step in new.steps if step.id not in before or step.id in ids
    ]


async def run_agent(goal: str, planner, tools: Toolbox, max_replans: int = 2):
    run, replans = Run(tools), 0
    steps = list((await planner(goal, [], [], "")).steps)
    while True:
        run.faults = {}
        by_id = {step.id: step for step in steps}
        for step in steps:
            await run.has(step.id, by_id)
        if not run.faults:
            return "answered", run.done
        if replans >= max_replans:
            return "failed", run.done
        replans += 1
        finished = [step for step in steps if step.id in run.done]
        rest = [step for step in steps if step.id not in run.done]
        reason = "\n".join(f"{id}: {words}" for id, words in run.faults.items())
        steps = merge(finished, await planner(goal, finished, rest, reason), set())


async def change_goal(goal: str, plan: Plan, done: dict, planner) -> Plan:
    if goal == plan.goal:
        return plan
    results = {id for id, seen in done.items() if seen.error is None}
    finished = [step for step in plan.steps if step.id in results]
    rest = [step for step in plan.steps if step.id not in results]
    new = await planner(goal, finished, rest, f"not {plan.goal} any more, but {goal}")
    used = {step.id for step in plan.steps}
    # First out of the way of all old names, then one after another back where they belong.
    aside = {step.id: f"aside:{step.id}" for step in new.steps}
    steps = [renamed(step, aside) for step in new.steps]
    old = {asks(step): step.id for step in finished}
    while found := [step for step in steps if asks(step) in old]:
        back = {found[0].id: old[asks(found[0])]}
        steps = [renamed(step, back) for step in steps if step is not found[0]]
    names = {}
    for step in steps:
        name = step.id.removeprefix("aside:")
        while name in used:
            name += "'"
        used.add(name)
        names[step.id] = name
    steps = [renamed(step, names) for step in steps]
    return Plan(goal=goal, reasoning="", steps=(*finished, *steps), version=plan.version + 1)


def decide(step: Step, error: Exception, past: list, retries: int = 1, max_replans: int = 2):
    counts, kinds = Counter(), set()
    for old, failure, move in past:
        counts[move] += 1
        if asks(old) == asks(step):
            counts["here", move] += 1
            kinds.add((type(failure), move))
    if isinstance(error, Refused) or not isinstance(error, ToolError):
        return "escalate"
    if isinstance(error, Transient) and counts["here", "retry"] < retries:
        return "retry"
    if (type(error), "replan") in kinds or counts["replan"] >= max_replans:
        return "escalate"
    return "replan"


def record_revision(old: Plan, new: Plan, done: dict, reason: str) -> dict:
    if reason.strip() == "":
        raise ValueError(f"no reason for version {new.version}")
    after = {step.id: frozenset(step.needs) for step in new.steps}
    ids = [step.id for step in old.steps]
    finished = {id for id in ids if id in done and not done[id].error}
    same = {step.id for step in old.steps if after.get(step.id) == frozenset(step.needs)}
    return {
        "version": new.version,
        "reason": reason,
        "finished": [id for id in ids if id in finished],
        "kept": [id for id in ids if id in same - finished],
        "reordered": [id for id in ids if id in after and id not in same | finished],
        "dropped": [id for id in ids if id not in finished and id not in after],
        "added": [id for id in after if id not in ids],
    }
