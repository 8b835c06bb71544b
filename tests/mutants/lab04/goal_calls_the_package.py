"""The package's own function is handed in."""

from planlab import Plan

QUESTIONS = ("goal",)


async def change_goal(goal: str, plan: Plan, done: dict, planner) -> Plan:
    from planlab.progress import Progress, reconcile

    if goal == plan.goal:
        return plan
    now = Progress(plan, done)
    new = await planner(goal, now.completed, now.remaining, f"{plan.goal} is now {goal}")
    return reconcile(plan, new.model_copy(update={"goal": goal}), done, tools=[]).plan
