"""An empty result counts as none."""

from planlab import Model, Plan, Step, Toolbox
from planlab.errors import ModelError, ToolFailed
from planlab.records import Observation

QUESTIONS = ("executor",)


async def run_plan(plan: Plan, tools: Toolbox, executor: Model) -> dict[str, Observation]:
    """What came of each step that ran, by its id."""
    results = {}

    def ready():
        for step in plan.steps:
            seen = [results.get(id) for id in step.needs]
            if step.id not in results and all(one and one.value for one in seen):
                return step
        return None

    while step := ready():
        needed = {id: results[id] for id in step.needs}
        if step.tool is not None:
            seen = await tools.call(step.tool, step.arguments, known=needed, step=step.id)
        else:
            seen = await in_words(step, needed, executor)
        results[step.id] = seen
    return results


async def in_words(step: Step, needed: dict[str, Observation], executor: Model) -> Observation:
    """The model's answer to the task, from what the step needs and nothing else."""
    found = [f"Result of {id}: {seen.text}" for id, seen in needed.items()]
    try:
        reply = await executor.ask("\n\n".join([*found, f"Task: {step.description}"]))
    except ModelError as error:
        return Observation(error=ToolFailed(f"the model failed: {error}"))
    if not reply.text.strip():
        return Observation(error=ToolFailed("the model said nothing"))
    return Observation(reply.text)
