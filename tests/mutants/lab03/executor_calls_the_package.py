"""The package's own executor is handed in."""

# ruff: noqa: F821 (the lab's own: next_ready)

from planlab import Model, Plan, Toolbox
from planlab.records import Observation

QUESTIONS = ("executor",)


async def run_plan(plan: Plan, tools: Toolbox, executor: Model) -> dict[str, Observation]:
    from planlab.executing import Job, StepExecutor

    work, results = StepExecutor(executor, tools), {}
    steps = {step.id: step for step in plan.steps}
    while step := next_ready(plan, results):
        known = {id: results[id] for id in step.needs}
        job = Job(step, [steps[id] for id in known], known, frozenset())
        results[step.id] = await work.do(job)
    return results
