"""Resumed, it does everything once more."""

from planlab.schedule import Task, run_graph

QUESTIONS = ("parallel",)
ALSO = ("correctness",)


async def run_steps(steps, do, done: dict, record, limit: int) -> dict:
    """Runs what is not done, side by side; the steps that failed, and why."""
    failed = {}

    def task(step: Step) -> Task:
        async def run(*results: object) -> object:
            try:
                result = await do(step, dict(zip(step.needs, results, strict=True)))
            except Exception as error:
                failed[step.id] = str(error) or type(error).__name__
                raise
            record(step.id, result)
            return result

        return Task(step.id, run, step.needs)

    await run_graph([task(s) for s in steps], {}, limit=limit)
    return failed
