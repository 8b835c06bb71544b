"""Lesson 02's `stuck`: all that can never start is called a circle."""

from planlab import Plan, Toolbox

QUESTIONS = ("structure",)


def find_structure(plan: Plan, tools: Toolbox):
    found, ids = set(), [step.id for step in plan.steps]
    for place, step in enumerate(plan.steps):
        if step.id in ids[:place]:
            found.add(("duplicate_id", step.id))
        if step.id in step.needs:
            found.add(("self_dependency", step.id))
        if any(need not in ids for need in step.needs):
            found.add(("missing_id", step.id))
        if step.tool is not None and step.tool not in tools:
            found.add(("unknown_tool", step.id))
    return found | {("cycle", id) for id in stuck(plan)}


def stuck(plan: Plan) -> list[str]:
    waiting = {step.id: set(step.needs) for step in plan.steps}
    while ready := [id for id, needs in waiting.items() if not needs & waiting.keys()]:
        for id in ready:
            del waiting[id]
    return list(waiting)
