"""All results are recorded when all are there."""

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
            return result

        return Task(step.id, run, step.needs)

    results = await run_graph([task(s) for s in steps if s.id not in done], dict(done), limit=limit)
    for step in steps:
        if step.id not in done and isinstance(results[step.id], str | Observation):
            record(step.id, results[step.id])
    return failed
