"""The longest of each wave is added up: how long waves take, and no bound."""

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
    needs, ends = dict(steps), {}
    for id in TopologicalSorter(needs).static_order():
        ends[id] = seconds[id] + max((ends[n] for n in needs[id]), default=0)
    waves = {}
    depth = {}
    for id in TopologicalSorter(needs).static_order():
        depth[id] = 1 + max((depth[n] for n in needs[id]), default=0)
        waves[depth[id]] = max(waves.get(depth[id], 0), seconds[id])
    return max(sum(waves.values()), sum(seconds.values()) / limit)
