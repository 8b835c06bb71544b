"""Four of the five are mended; it looks again every 50 milliseconds."""

import asyncio

QUESTIONS = ("failure",)


async def run_what_can(steps: list, work, timeouts: dict | None = None) -> tuple[dict, dict]:
    """What ended well with its result, and what did not with the failure that it was lost to."""
    needs, tasks, results, lost = dict(steps), {}, {}, {}

    async def one(id: str, inputs: dict) -> object:
        async with asyncio.timeout((timeouts or {}).get(id)):
            return await work(id, inputs)

    while len(results) + len(lost) < len(needs):
        for id, needed in needs.items():
            if gone := [lost[n] for n in needed if n in lost]:
                lost.setdefault(id, gone[0])
            elif id not in tasks and all(n in results for n in needed):
                tasks[id] = asyncio.create_task(one(id, {n: results[n] for n in needed}))
        for id, task in tasks.items():
            if task.done() and task.exception():
                lost[id] = id
            elif task.done():
                results[id] = task.result()
        await asyncio.sleep(0.05)
    return results, lost
