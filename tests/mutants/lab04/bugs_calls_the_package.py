"""The package's own pattern is handed in."""

# ruff: noqa: F821 (the lab's own: run_steps)

from planlab import Toolbox

QUESTIONS = ("bugs",)


async def run_agent(goal: str, planner, tools: Toolbox, max_replans: int = 2):
    from planlab.progress import Progress, reconcile

    plan, done = await planner(goal, [], [], ""), {}
    for replans_left in range(max_replans, -1, -1):
        failed = await run_steps(plan, done, tools)
        if not failed:
            return "answered", done
        if replans_left:
            now = Progress(plan, done)
            new = await planner(goal, now.completed, now.remaining, "; ".join(failed))
            plan = reconcile(plan, new, done, tools=tools).plan
    return "failed", done
