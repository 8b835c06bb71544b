"""What needs a failed step runs all the same."""

# ruff: noqa: F821 (the lab's own: in_order, asks, free_id, renamed)

from planlab import Plan, Toolbox

QUESTIONS = ("bugs",)


async def run_steps(plan: Plan, done: dict, tools: Toolbox) -> list[str]:
    """Run what can run, note the results in `done`; returns what failed, in words."""
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
            if step.id in finished and asks(step) != asks(finished[step.id]):
                ids[step.id] = free_id(step.id, taken)
                taken.add(ids[step.id])
        plan = new.model_copy(update={"steps": tuple(renamed(step, ids) for step in new.steps)})
    return "failed", done
