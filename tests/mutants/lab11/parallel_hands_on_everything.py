"""Each step sees all results, needed or not."""

from planlab.schedule import Task, run_graph

QUESTIONS = ("parallel",)


async def run_steps(steps, do, done: dict, record, limit: int) -> dict:
    """Runs what is not done, side by side; the steps that failed, and why."""
    failed, seen = {}, dict(done)

    def task(step: Step) -> Task:
        async def run(*results: object) -> object:
            try:
                result = await do(step, dict(seen))
            except Exception as error:
                failed[step.id] = str(error) or type(error).__name__
                raise
            record(step.id, result)
            seen[step.id] = result
            return result

        return Task(step.id, run, step.needs)

    await run_graph([task(s) for s in steps if s.id not in done], dict(done), limit=limit)
    return failed
