"""A plan, carried out by the package, and nothing around it."""

from planlab.patterns.plan_execute import run_plan_execute

QUESTIONS = ("correctness",)


async def run_my_agent(
    goal, *, planner, worker, critic, tools, reviewer, checks, known, append, run_id
) -> str:
    """Plan and execute."""
    found = await run_plan_execute(goal, planner=planner, executor=worker, tools=tools)
    return found.answer or ""
