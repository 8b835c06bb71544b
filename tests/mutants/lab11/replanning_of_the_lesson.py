"""Takes what the planner says."""

QUESTIONS = ("replanning",)


async def next_plan(goal, plan, done: dict, failed: dict, *, planner, tools) -> Plan:
    """A plan."""
    told = f"Goal: {goal}\n\nTools:\n{tools.menu}\n\nResults: {done}\n\nFailed: {failed}"
    return await planner.fill(told, Plan)
