"""A policy is judged only if it is the goal's only limit."""

# ruff: noqa: F821 (the lab's own: same)

from planlab import Goal, Plan

QUESTIONS = ("limits",)


def find_broken_limits(plan: Plan, goal: Goal, prices: dict[str, float]):
    made, found = set(), set()
    for step in plan.steps:
        if same(step.output) in made:
            found.add(("overlap", step.id))
        if same(step.output):
            made.add(same(step.output))
    for name in goal.outputs:
        if same(name) not in made:
            found.add(("gap", name))
    for limit in goal.constraints:
        if limit.kind == "budget" and limit.limit is None:
            continue
        if limit.kind != "budget" and limit.tool is None:
            continue
        uses = [s for s in plan.steps if s.tool is not None and limit.tool in (None, s.tool)]
        if limit.kind == "policy":
            if not uses and len(goal.constraints) == 1:
                found.add(("policy", limit.tool))
            continue
        spent, most = 0, limit.limit or 0
        for step in uses:
            spent += 1 if limit.kind == "permission" else prices.get(step.tool, 0)
            if spent > most + 1e-9:
                found.add((limit.kind, step.id))
                break
    return found
