"""One time-out around the whole run."""

import asyncio

QUESTIONS = ("failure",)


async def run_what_can(steps: list, work, timeouts: dict | None = None) -> tuple[dict, dict]:
    """What ended well with its result, and what did not with the failure that it was lost to."""
    results, lost, ended = {}, {}, {id: asyncio.Event() for id, _ in steps}

    async def one(id: str, needed: list) -> None:
        for n in needed:
            await ended[n].wait()
        gone = [lost[n] for n in needed if n in lost]
        if gone:
            lost[id] = gone[0]
        else:
            try:
                async with asyncio.timeout(None):
                    results[id] = await work(id, {n: results[n] for n in needed})
            except Exception:
                lost[id] = id
        ended[id].set()

    try:
        async with asyncio.timeout(min((timeouts or {}).values(), default=None)):
            async with asyncio.TaskGroup() as group:
                for id, needed in steps:
                    group.create_task(one(id, needed))
    except TimeoutError:
        lost |= {id: id for id in ended if id not in results}
    return results, lost
