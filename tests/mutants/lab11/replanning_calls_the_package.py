"""As the package does it: the same failed call is a plan again."""

from planlab.planning import replan
from planlab.progress import NO_PLAN, Progress

QUESTIONS = ("replanning",)


async def next_plan(goal, plan, done: dict, failed: dict, *, planner, tools) -> Plan:
    """A valid plan."""
    reason = "; ".join(f"{id} failed: {why}" for id, why in failed.items())
    made = await replan(
        goal, Progress(plan or NO_PLAN, done), reason=reason, planner=planner, tools=tools
    )
    if made.answer is None:
        raise ValueError("no valid plan")
    return made.answer
