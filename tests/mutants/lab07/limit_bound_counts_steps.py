"""The chain with the most steps, not the longest."""

import asyncio
from graphlib import TopologicalSorter

QUESTIONS = ("limit",)


def limited(work, limit: int):
    """A function like `work` of which at most `limit` calls are under way at once."""
    if limit < 1:
        raise ValueError(f"limit is {limit}: at least one call must be allowed.")
    places = asyncio.Semaphore(limit)

    async def few(id: str, inputs: dict) -> object:
        async with places:
            return await work(id, inputs)

    return few


def lower_bound(steps: list, seconds: dict, limit: int) -> float:
    """The seconds below which no run of the plan can come."""
    needs, ends, depth = dict(steps), {}, {}
    for id in TopologicalSorter(needs).static_order():
        longest = max(needs[id], key=lambda n: depth[n], default=None)
        depth[id] = 1 + depth.get(longest, 0)
        ends[id] = seconds[id] + ends.get(longest, 0)
    return max(
        ends[max(depth, key=lambda id: depth[id])] if depth else 0, sum(seconds.values()) / limit
    )
