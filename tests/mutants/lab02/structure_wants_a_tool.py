"""A step without a tool has an unknown one."""

# ruff: noqa: F821 (the lab's own: needs_of, walk_back)

from planlab import Plan, Toolbox

QUESTIONS = ("structure",)


def find_structure(plan: Plan, tools: Toolbox):
    needs, ids = needs_of(plan), [step.id for step in plan.steps]
    found = set()
    for step in plan.steps:
        if ids.count(step.id) > 1:
            found.add(("duplicate_id", step.id))
        if any(id not in ids for id in step.needs):
            found.add(("missing_id", step.id))
        if step.id in step.needs:
            found.add(("self_dependency", step.id))
        if step.id in walk_back(step.id, needs):
            found.add(("cycle", step.id))
        if step.tool not in tools:
            found.add(("unknown_tool", step.id))
    return found
