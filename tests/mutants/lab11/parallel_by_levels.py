"""Waits for a whole level before the next."""

QUESTIONS = ("parallel",)


async def run_steps(steps, do, done: dict, record, limit: int) -> dict:
    """Level by level."""
    results, failed = dict(done), {}
    room = asyncio.Semaphore(limit)

    async def one(step: Step) -> None:
        async with room:
            try:
                results[step.id] = await do(step, {id: results[id] for id in step.needs})
                record(step.id, results[step.id])
            except Exception as error:
                failed[step.id] = str(error)

    while True:
        ready = [s for s in steps if s.id not in results and s.id not in failed]
        ready = [s for s in ready if {*s.needs} <= {*results}]
        if not ready:
            return failed
        await asyncio.gather(*map(one, ready))
