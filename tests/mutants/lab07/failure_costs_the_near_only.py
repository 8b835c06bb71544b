"""Only what needs a failed step directly is lost."""

import asyncio

QUESTIONS = ("failure",)


async def run_what_can(steps: list, work, timeouts: dict | None = None) -> tuple[dict, dict]:
    """What ended well with its result, and what did not with the failure that it was lost to."""
    results, lost, ended = {}, {}, {id: asyncio.Event() for id, _ in steps}

    async def one(id: str, needed: list) -> None:
        for n in needed:
            await ended[n].wait()
        gone = [lost[n] for n in needed if lost.get(n) == n]
        if gone:
            lost[id] = gone[0]
        else:
            try:
                async with asyncio.timeout((timeouts or {}).get(id)):
                    results[id] = await work(id, {n: results.get(n) for n in needed})
            except Exception:
                lost[id] = id
        ended[id].set()

    async with asyncio.TaskGroup() as group:
        for id, needed in steps:
            group.create_task(one(id, needed))
    return results, lost
