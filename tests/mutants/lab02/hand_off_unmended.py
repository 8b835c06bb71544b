"""The raise is taken away, and nothing is mended."""

# ruff: noqa: F821 (the lab's own: NAME)

from planlab import Plan

QUESTIONS = ("hand_off",)


def find_hand_offs(plan: Plan):
    makers, found = {}, set()
    for step in plan.steps:
        makers[step.output] = step.id
        for name in NAME.findall(step.description):
            if name not in makers:
                found.add(("not_made", step.id))
            elif makers[name] not in (step.id, *step.depends_on):
                found.add(("not_handed", step.id))
        for argument in step.arguments:
            if "{" in str(argument.value):
                found.add(("pasted", step.id))
    return found
