"""gather with return_exceptions, over all steps at once, in the plan's order."""

import asyncio
from graphlib import TopologicalSorter

QUESTIONS = ("failure",)


async def run_what_can(steps: list, work, timeouts: dict | None = None) -> tuple[dict, dict]:
    """What ended well with its result, and what did not with the failure that it was lost to."""
    results, lost = {}, {}
    for id in TopologicalSorter(dict(steps)).static_order():
        needed = dict(steps)[id]
        if gone := [lost[n] for n in needed if n in lost]:
            lost[id] = gone[0]
            continue
        limit = (timeouts or {}).get(id)
        inputs = {n: results[n] for n in needed}
        (made,) = await asyncio.gather(
            asyncio.wait_for(work(id, inputs), limit), return_exceptions=True
        )
        if isinstance(made, Exception):
            lost[id] = id
        else:
            results[id] = made
    return results, lost
