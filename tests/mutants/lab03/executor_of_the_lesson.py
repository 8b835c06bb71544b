"""Lesson 03's first: down the list, and what is not there yet is silently left out."""

from planlab import Model, Plan, Toolbox
from planlab.records import Observation

QUESTIONS = ("executor",)


async def run_plan(plan: Plan, tools: Toolbox, executor: Model) -> dict[str, Observation]:
    results: dict[str, Observation] = {}
    for step in plan.steps:
        known = {id: results[id] for id in step.needs if id in results}
        if step.tool:
            results[step.id] = await tools.call(step.tool, step.arguments, known=known)
        else:
            found = "\n".join(f"- {id}: {seen.text}" for id, seen in known.items())
            reply = await executor.ask(f"Results:\n{found}\n\nTask: {step.description}")
            results[step.id] = Observation(reply.text)
    return results
