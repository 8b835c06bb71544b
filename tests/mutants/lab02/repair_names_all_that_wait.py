"""Whoever waits for a circle is named with it."""

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
        return f"{id} calls {steps[0].tool}, which nobody offers: call {' or '.join(right)}."
    if kind == "missing_id":
        texts = []
        for missing in [one for one in steps[0].needs if one not in needs]:
            makers = [step.id for step in plan.steps if step.output == missing]
            if makers:
                texts.append(f"{id} needs {missing}, the output of {makers[0]}: write that id.")
            else:
                texts.append(f"{id} needs {missing}, which is not there: add it or let it go.")
        return " ".join(texts)
    if kind == "cycle":
        circle = [o for o in needs if id in walk_back(o, needs)]
        return f"None of {', '.join(circle)} can begin, as each waits: remove one need."
    if kind == "duplicate_id":
        outputs = " and ".join(step.output for step in steps)
        return f"Two steps, which make {outputs}, share {id}: rename one of them."
    return f"{id} waits for its own result: let it wait for others alone."
