"""The package's own scheduler is handed in."""

QUESTIONS = ("failure",)


async def run_what_can(steps: list, work, timeouts: dict | None = None) -> tuple[dict, dict]:
    """What ended well with its result, and what did not with the failure that it was lost to."""
    from planlab.schedule import Failed, Task, run_graph

    def one(id: str, needed: tuple) -> Task:
        def run(*made: object) -> object:
            return work(id, dict(zip(needed, made, strict=True)))

        return Task(id, run, needed, (timeouts or {}).get(id))

    done = await run_graph([one(id, tuple(needed)) for id, needed in steps])
    lost = {id: value.at for id, value in done.items() if isinstance(value, Failed)}
    return {id: value for id, value in done.items() if id not in lost}, lost
