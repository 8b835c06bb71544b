"""Who waits for a place looks again every 50 milliseconds."""

# ruff: noqa: ASYNC110 (the mistake)

import asyncio
from graphlib import TopologicalSorter

QUESTIONS = ("limit",)


def limited(work, limit: int):
    """A function like `work` of which at most `limit` calls are under way at once."""
    if limit < 1:
        raise ValueError(f"limit is {limit}: at least one call must be allowed.")
    running = set()

    async def few(id: str, inputs: dict) -> object:
        while len(running) >= limit:
            await asyncio.sleep(0.05)
        running.add(id)
        try:
            return await work(id, inputs)
        finally:
            running.remove(id)

    return few


def lower_bound(steps: list, seconds: dict, limit: int) -> float:
    """The seconds below which no run of the plan can come."""
    needs, ends = dict(steps), {}
    for id in TopologicalSorter(needs).static_order():
        ends[id] = seconds[id] + max((ends[n] for n in needs[id]), default=0)
    return max(max(ends.values(), default=0), sum(seconds.values()) / limit)
