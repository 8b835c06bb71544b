"""The planning loop by hand: the plan is filled in, fitted and judged without `replan`."""

from planlab.planning import check_goal
from planlab.progress import NO_PLAN, reconcile
from planlab.validate import find_defects

QUESTIONS = ("replanning",)


async def next_plan(goal, plan, done: dict, failed: dict, *, planner, tools) -> Plan:
    """A conversation with the planner, with every complaint in it."""
    old = plan or NO_PLAN
    told = f"Goal: {goal}\n\nTools:\n{tools.menu}\n\n"
    told += "\n".join(f"Result of {id}: {result.text}" for id, result in done.items())
    told += "\n".join(f"{id} failed: {why}" for id, why in failed.items())
    messages = [{"role": "user", "content": told}]
    tried = {call_of(step) for step in old.steps if step.id in failed}
    for _ in range(3):
        written = await planner.fill(messages, Plan)
        fitted = reconcile(old, written, done, tools=tools).plan
        found = find_defects(fitted, goal=check_goal(goal, tools), tools=tools)
        wrong = [d.problem for d in found if not d.warning and d.step not in done]
        left = [step for step in fitted.steps if step.id not in done]
        wrong += [f"{s.id} has failed like that" for s in left if call_of(s) in tried]
        if not wrong:
            return fitted
        messages += [
            {"role": "assistant", "content": written.model_dump_json()},
            {"role": "user", "content": "Mend this: " + "; ".join(wrong)},
        ]
    raise ValueError("three bad plans")


def call_of(step: Step) -> str:
    arguments = sorted((argument.name, str(argument.value)) for argument in step.arguments)
    return repr((step.tool, arguments, step.tool or step.description))
