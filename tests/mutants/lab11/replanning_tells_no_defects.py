"""Asks again, and does not say what was wrong."""

from planlab.planning import replan
from planlab.progress import NO_PLAN, Progress

QUESTIONS = ("replanning",)


async def next_plan(goal, plan, done: dict, failed: dict, *, planner, tools) -> Plan:
    """A valid plan of what remains; raises ValueError after three bad ones."""
    progress = Progress(plan or NO_PLAN, done)
    reason = "; ".join(f"{id} failed: {why}" for id, why in failed.items())
    tried = [asks(step) for step in progress.plan.steps if step.id in failed]
    for _ in range(3):
        made = await replan(goal, progress, reason=reason, planner=planner, tools=tools, rounds=1)
        if not made.detail.drafts:
            break
        draft = made.detail.drafts[-1]
        wrong = [defect.problem for defect in draft.defects if not defect.warning]
        again = [step for step in draft.plan.steps if step.id not in done and asks(step) in tried]
        wrong += [f"{step.id} asks again for just what has failed." for step in again]
        if not wrong:
            return draft.plan
        pass
    raise ValueError(f"There is no valid plan: {reason}")


def asks(step: Step) -> tuple:
    """What a step asks for."""
    arguments = sorted((a.name, repr(a.value)) for a in step.arguments)
    return step.tool, arguments, "" if step.tool else step.description
