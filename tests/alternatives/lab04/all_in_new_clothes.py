"""Stops at the first failure, gives every new step a new id, knows work by all that it rests on."""

from planlab import Plan, Ref, Step, Toolbox
from planlab.errors import Transient

QUESTIONS = ("bugs", "goal", "bounded", "audit")


def with_ids(step: Step, ids: dict) -> Step:
    told = step.model_dump()
    told["id"] = ids.get(told["id"], told["id"])
    told["depends_on"] = [ids.get(one, one) for one in told["depends_on"]]
    for argument in told["arguments"]:
        if isinstance(argument["value"], dict):
            old = argument["value"]["step"]
            argument["value"]["step"] = ids.get(old, old)
    return Step.model_validate(told)


def roots(step: Step, steps: dict) -> str:
    """The tool and its arguments, with references told as what they lead to."""
    parts = [step.tool]
    for argument in sorted(step.arguments, key=lambda one: one.name):
        value = argument.value
        if isinstance(value, Ref):
            value = (value.path, roots(steps[value.step], steps))
        parts.append((argument.name, value))
    return repr(parts)


def fit(new: Plan, known: dict, finished: dict) -> list[Step]:
    """The new steps: what is finished under its old id, all else under one never seen."""
    inside = known | {step.id: step for step in new.steps}
    work = {roots(step, known): id for id, step in finished.items()}
    ids, count = {}, 0
    for step in new.steps:
        found = work.get(roots(step, inside))
        while not found:
            count += 1
            if (one := f"new-{count}") not in inside:
                found = one
        ids[step.id] = found
    return [with_ids(step, ids) for step in new.steps if ids[step.id] not in finished]


async def run_agent(goal, planner, tools: Toolbox, max_replans=2):
    done, finished, replans, reason = {}, {}, 0, ""
    waiting = list((await planner(goal, [], [], "")).steps)
    while True:
        ready = [step for step in waiting if all(id in done for id in step.needs)]
        if not waiting:
            return "answered", done
        for step in ready:
            seen = await tools.call(step.tool, step.arguments, known=done)
            if seen.error:
                reason = f"{step.id}: {seen.text}"
                break
            done[step.id], finished[step.id] = seen, step
            waiting.remove(step)
        if reason:
            if replans == max_replans:
                return "failed", done
            replans += 1
            new = await planner(goal, list(finished.values()), waiting, reason)
            waiting, reason = fit(new, finished, finished), ""


async def change_goal(goal, plan: Plan, done, planner) -> Plan:
    if plan.goal == goal:
        return plan
    open_steps, finished = [], {}
    for step in plan.steps:
        if (seen := done.get(step.id)) and not seen.error:
            finished[step.id] = step
        else:
            open_steps.append(step)
    why = f"It was: {plan.goal}. It is: {goal}."
    new = await planner(goal, list(finished.values()), open_steps, why)
    left = fit(new, {step.id: step for step in plan.steps}, finished)
    return Plan(
        goal=goal,
        reasoning=why,
        steps=(*left[::-1], *finished.values()),
        version=plan.version + 1,
    )


def decide(step, error, past, retries=1, max_replans=2):
    match type(error).__name__:
        case "NeedsApproval" | "BudgetSpent" | "Refused":
            return "escalate"
    replans = tries = 0
    for old, failure, move in past:
        same = (old.tool, set(old.arguments)) == (step.tool, set(step.arguments))
        replans += move == "replan"
        tries += same and move == "retry"
        if same and move == "replan" and type(failure) is type(error):
            replans += max_replans
    if isinstance(error, Transient) and retries > tries:
        return "retry"
    return "escalate" if replans >= max_replans else "replan"


def record_revision(old, new, done, reason):
    if not reason or reason.isspace():
        raise ValueError("why?")
    entry = {"version": new.version, "reason": reason}
    entry |= {name: [] for name in ("finished", "kept", "reordered", "dropped", "added")}
    later = {step.id: sorted(set(step.needs)) for step in new.steps}
    for step in old.steps:
        if step.id in done and done[step.id].error is None:
            where = "finished"
        elif step.id not in later:
            where = "dropped"
        else:
            where = "kept" if later[step.id] == sorted(set(step.needs)) else "reordered"
        entry[where].append(step.id)
    seen = [step.id for step in old.steps]
    entry["added"] += [id for id in later if id not in seen]
    return entry
