"""A new step with an old id is taken for done."""

# ruff: noqa: F821 (the lab's own: renamed, run_steps)

from planlab import Toolbox

QUESTIONS = ("bugs",)


async def run_agent(goal: str, planner, tools: Toolbox, max_replans: int = 2) -> tuple[str, dict]:
    """Why it stopped, and the observation of each finished step by its id."""
    plan, finished, done = await planner(goal, [], [], ""), {}, {}
    for replans_left in range(max_replans, -1, -1):
        failed = await run_steps(plan, done, tools)
        if not failed:
            return "answered", done
        finished |= {step.id: step for step in plan.steps if step.id in done}
        remaining = [step for step in plan.steps if step.id not in done]
        if replans_left == 0:
            break
        new = await planner(goal, [*finished.values()], remaining, "; ".join(failed))
        ids, taken = {}, {*finished, *(step.id for step in new.steps)}
        for step in new.steps:
            taken.add(step.id)
        plan = new.model_copy(update={"steps": tuple(renamed(step, ids) for step in new.steps)})
    return "failed", done
