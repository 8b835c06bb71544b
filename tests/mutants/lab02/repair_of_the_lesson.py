"""The pair of the lesson, printed as it is."""

from planlab import Plan, Toolbox

QUESTIONS = ("repair",)


def write_repair(kind: str, id: str, plan: Plan, tools: Toolbox) -> str:
    return f"There is a {kind} at {id} in this plan. Please repair it."
