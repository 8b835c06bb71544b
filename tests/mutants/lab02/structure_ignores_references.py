"""Only depends_on counts as a need."""

# ruff: noqa: F821 (the lab's own: walk_back)

from planlab import Plan, Toolbox

QUESTIONS = ("structure",)


def find_structure(plan: Plan, tools: Toolbox):
    ids = [step.id for step in plan.steps]
    needs = {step.id: [] for step in plan.steps}
    for step in plan.steps:
        needs[step.id] += [id for id in step.depends_on if id in needs and id != step.id]
    found = set()
    for step in plan.steps:
        if ids.count(step.id) > 1:
            found.add(("duplicate_id", step.id))
        if any(id not in ids for id in step.depends_on):
            found.add(("missing_id", step.id))
        if step.id in step.depends_on:
            found.add(("self_dependency", step.id))
        if step.id in walk_back(step.id, needs):
            found.add(("cycle", step.id))
        if step.tool is not None and step.tool not in tools:
            found.add(("unknown_tool", step.id))
    return found
