"""Not mended at all."""

QUESTIONS = ("parallel",)
ALSO = ("correctness",)


async def run_steps(steps, do, done: dict, record, limit: int) -> dict:
    """Runs what is not done, side by side; the steps that failed, and why."""
    # To be mended:
    left, results, failed = [*steps], {}, {}
    while left:
        ready = [s for s in left if {*s.depends_on} <= {*results}]
        found = await asyncio.gather(*(do(s, {i: results[i] for i in s.depends_on}) for s in ready))
        for step, result in zip(ready, found, strict=True):
            results[step.id] = result
            record(step.id, result)
        left = [s for s in left if s not in ready]
    return failed
