"""Ids and tools are compared in small letters."""

# ruff: noqa: F821 (the lab's own: needs_of, walk_back)

from planlab import Plan, Toolbox

QUESTIONS = ("structure",)


def find_structure(plan: Plan, tools: Toolbox):
    needs, ids = needs_of(plan), [step.id for step in plan.steps]
    found = set()
    for step in plan.steps:
        if [id.lower() for id in ids].count(step.id.lower()) > 1:
            found.add(("duplicate_id", step.id))
        if any(id not in ids for id in step.needs):
            found.add(("missing_id", step.id))
        if step.id in step.needs:
            found.add(("self_dependency", step.id))
        if step.id in walk_back(step.id, needs):
            found.add(("cycle", step.id))
        if step.tool is not None and step.tool.lower() not in [tool.name.lower() for tool in tools]:
            found.add(("unknown_tool", step.id))
    return found
