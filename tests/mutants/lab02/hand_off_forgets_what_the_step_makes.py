"""A step must not name its own output."""

# ruff: noqa: F821 (the lab's own: needs_of, walk_back, same, NAME)

from planlab import Plan

QUESTIONS = ("hand_off",)


def find_hand_offs(plan: Plan):
    needs, makers, found = needs_of(plan), {}, set()
    for step in plan.steps:
        makers.setdefault(same(step.output), set()).add(step.id)
    for step in plan.steps:
        handed = walk_back(step.id, needs)
        for name in NAME.findall(step.description):
            made_by = makers.get(same(name), set())
            if not made_by:
                found.add(("not_made", step.id))
            elif not made_by & handed:
                found.add(("not_handed", step.id))
        for argument in step.arguments:
            if isinstance(argument.value, str) and NAME.search(argument.value):
                found.add(("pasted", step.id))
    return found
