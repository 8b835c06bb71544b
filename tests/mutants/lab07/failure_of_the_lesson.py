"""All five mistakes, as they stand in the lab."""

import asyncio

QUESTIONS = ("failure",)


async def run_what_can(steps: list, work, timeouts: dict | None = None) -> tuple[dict, dict]:
    """What ended well with its result, and what did not with the failure that it was lost to."""
    # To be mended:
    needs, tasks, results, lost = dict(steps), {}, {}, {}
    while len(results) + len(lost) < len(needs):
        for id, needed in needs.items():
            if id not in tasks and all(results.get(n) for n in needed):
                tasks[id] = asyncio.create_task(work(id, {n: results[n] for n in needed}))
        for id, task in tasks.items():
            if task.done():
                results[id] = task.result()
        await asyncio.sleep(0.05)
    return results, lost
