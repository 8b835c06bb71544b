"""Keeps everything in memory."""

QUESTIONS = ("resume",)
ALSO = ("correctness",)


async def carry_out(make, run, known: list, append, max_replans: int = 2) -> dict:
    """In memory."""
    plan, done, failed = None, {}, {}
    for _ in range(max_replans + 1):
        plan = await make(plan, dict(done), failed)
        failed = await run(plan, dict(done), done.__setitem__)
        if not failed:
            return {step.id: done[step.id] for step in plan.steps}
    raise RuntimeError("failed")
