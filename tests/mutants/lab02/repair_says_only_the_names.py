"""Names in a row, and hardly a word."""

# ruff: noqa: F821 (the lab's own: needs_of, walk_back)

from difflib import get_close_matches

from planlab import Plan, Toolbox

QUESTIONS = ("repair",)


def write_repair(kind: str, id: str, plan: Plan, tools: Toolbox) -> str:
    needs = needs_of(plan)
    steps = [step for step in plan.steps if step.id == id]
    if kind == "unknown_tool":
        names = [tool.name for tool in tools]
        right = get_close_matches(steps[0].tool, names, n=1) or names
        return f"{id}: {steps[0].tool} -> {right}"
    if kind == "missing_id":
        texts = []
        for missing in [one for one in steps[0].needs if one not in needs]:
            makers = [step.id for step in plan.steps if step.output == missing]
            if makers:
                texts.append(f"{id}: {missing} -> {makers[0]}")
            else:
                texts.append(f"{id}: {missing}?")
        return " ".join(texts)
    if kind == "cycle":
        circle = [o for o in needs if o in walk_back(id, needs) and id in walk_back(o, needs)]
        return f"{circle}"
    if kind == "duplicate_id":
        outputs = " and ".join(step.output for step in steps)
        return f"{id}: {outputs}"
    return f"{id}: {id}"
