"""Runs the steps as they are listed, and shows the model all that it has."""

from planlab import Model, Plan, Toolbox
from planlab.records import Observation

QUESTIONS = ("executor",)


async def carry_out(plan: Plan, tools: Toolbox, executor: Model) -> dict[str, Observation]:
    results: dict[str, Observation] = {}
    for step in plan.steps:
        if step.tool is not None:
            results[step.id] = await tools.call(step.tool, step.arguments, known=results)
        else:
            found = "\n".join(seen.text for seen in results.values())
            reply = await executor.ask(f"{found}\n\n{step.description}")
            results[step.id] = Observation(reply.text)
    return results
