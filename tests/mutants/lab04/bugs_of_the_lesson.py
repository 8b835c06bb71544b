"""All five bugs, as they stand in the lab."""

# ruff: noqa: F821, F841 (the lab's own: in_order, resume_steps)

from planlab import Plan, Toolbox

QUESTIONS = ("bugs",)


async def run_steps(plan: Plan, done: dict, tools: Toolbox) -> list[str]:
    """Run what can run, note the results in `done`; returns what failed, in words."""
    # To be mended:
    failed = []
    for step in in_order(plan.steps):
        if step.id not in done:
            seen = await tools.call(step.tool, step.arguments, known=done, step=step.id)
            if seen.error is None:
                done[step.id] = seen
            else:
                failed.append(f"{step.id} ({step.tool}) failed: {seen.error}")
    return failed


async def run_agent(goal: str, planner, tools: Toolbox, max_replans: int = 2) -> tuple[str, dict]:
    """Why it stopped, and the observation of each finished step by its id."""
    # The agent to be mended:
    plan, finished, done, replans = await planner(goal, [], [], ""), {}, {}, 0
    while failed := await run_steps(plan, done, tools):
        if replans >= max_replans:
            return "failed", done
        replans += 1
        finished |= {step.id: step for step in plan.steps if step.id in done}
        remaining = [step for step in plan.steps if step.id not in done]
        new = await planner(goal, [*finished.values()], remaining, "; ".join(failed))
        replans += 1
        await resume_steps(plan, done, tools)
    return "answered", done
