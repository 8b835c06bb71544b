"""The planner is told of the whole old plan as remaining."""

# ruff: noqa: F821 (the lab's own: in_order, asks, free_id, renamed)

from planlab import Plan, Step

QUESTIONS = ("goal",)


async def change_goal(goal: str, plan: Plan, done: dict, planner) -> Plan:
    """The plan to go on with, now that the goal is another one."""
    if goal == plan.goal:
        return plan
    completed = [s for s in plan.steps if s.id in done and done[s.id].error is None]
    remaining = [*plan.steps]
    reason = f"the goal was changed from {plan.goal!r} to {goal!r}"
    new = await planner(goal, completed, remaining, reason)
    ids = ids_for(new, plan, completed)
    finished = {step.id for step in completed}
    left = [renamed(step, ids) for step in new.steps if ids[step.id] not in finished]
    changed = {"goal": goal, "version": plan.version + 1, "steps": (*completed, *left)}
    return new.model_copy(update=changed)


def ids_for(new: Plan, old: Plan, completed: list[Step]) -> dict[str, str]:
    """For each id of the new plan, the one that its step will have."""
    same = {asks(step): step.id for step in completed}
    before = {step.id: step for step in old.steps}
    ids, taken = {}, {*before, *(step.id for step in new.steps)}
    for step in in_order(new.steps):
        asked = asks(renamed(step, ids))
        if asked in same:
            ids[step.id] = same[asked]
        elif step.id in before and asked != asks(before[step.id]):
            ids[step.id] = free_id(step.id, taken)
            taken.add(ids[step.id])
        else:
            ids[step.id] = step.id
    return ids
    ### END SOLUTION
