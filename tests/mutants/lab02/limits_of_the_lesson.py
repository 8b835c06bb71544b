"""Lesson 02's cells, put together: a gap says not of what, a sum is exact."""

from itertools import accumulate

from planlab import Goal, Plan

QUESTIONS = ("limits",)


def find_broken_limits(plan: Plan, goal: Goal, prices: dict[str, float]):
    return {*gaps_and_overlaps(plan, goal), *broken_limits(plan, goal, prices)}


def plain(name: str) -> str:
    return name.replace("_", " ").casefold()


def gaps_and_overlaps(plan: Plan, goal: Goal):
    made = [plain(step.output) for step in plan.steps]
    for place, step in enumerate(plan.steps):
        if made[place] in made[:place]:
            yield "overlap", step.id
    for output in goal.outputs:
        if plain(output) not in made:
            yield "gap", None


def broken_limits(plan: Plan, goal: Goal, prices: dict[str, float]):
    for limit in goal.constraints:
        uses = [s for s in plan.steps if s.tool in prices and limit.tool in (None, s.tool)]
        if limit.kind == "policy":
            if limit.tool and not uses:
                yield "policy", None
            continue
        if limit.kind == "budget" and limit.limit is None:
            continue
        costs = [1 if limit.kind == "permission" else prices[step.tool] for step in uses]
        for step, spent in zip(uses, accumulate(costs), strict=True):
            if spent > (limit.limit or 0):
                yield limit.kind, step.id
                break
