"""A step between two circles is taken for a part of them."""

# ruff: noqa: F821 (the lab's own: needs_of)

from planlab import Plan, Toolbox

QUESTIONS = ("structure",)


def find_structure(plan: Plan, tools: Toolbox):
    needs, ids = needs_of(plan), [step.id for step in plan.steps]
    found, circle = set(), set(needs)
    while True:
        needed = {one for id in circle for one in needs[id]}
        kept = {id for id in circle & needed if set(needs[id]) & circle}
        if kept == circle:
            break
        circle = kept
    for step in plan.steps:
        if ids.count(step.id) > 1:
            found.add(("duplicate_id", step.id))
        if any(id not in ids for id in step.needs):
            found.add(("missing_id", step.id))
        if step.id in step.needs:
            found.add(("self_dependency", step.id))
        if step.id in circle:
            found.add(("cycle", step.id))
        if step.tool is not None and step.tool not in tools:
            found.add(("unknown_tool", step.id))
    return found
