"""The next plan is made as if it were the first."""

QUESTIONS = ("resume",)


async def carry_out(make, run, known: list, append, max_replans: int = 2) -> dict:
    """The results of a plan's steps, by id, whatever was killed on the way."""
    plan, done = None, {}
    for kind, *rest in known:
        if kind == "plan":
            (plan,) = rest
        else:
            done[rest[0]] = rest[1]

    def record(id: str, result: object) -> None:
        append(["done", id, result])
        done[id] = result

    failed = {}
    for _ in range(max_replans + 1):
        if plan is None or failed:
            plan = await make(None, {}, {})
            append(["plan", plan])
        failed = await run(plan, dict(done), record)
        if not failed:
            return {step.id: done[step.id] for step in plan.steps}
    raise RuntimeError(f"Nothing is left to try: {failed}")
