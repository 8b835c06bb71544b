"""The walk back calls itself for each step on the way."""

# ruff: noqa: F821 (the lab's own: needs_of)

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
        if step.id in reach(step.id, needs, set()):
            found.add(("cycle", step.id))
        if step.tool is not None and step.tool not in tools:
            found.add(("unknown_tool", step.id))
    return found


def reach(id: str, needs: dict[str, list[str]], seen: set[str]) -> set[str]:
    for one in needs[id]:
        if one not in seen:
            seen.add(one)
            reach(one, needs, seen)
    return seen
