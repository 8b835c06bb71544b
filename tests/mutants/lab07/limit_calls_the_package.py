"""The package's own bound is handed in."""

import asyncio

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
    from planlab.graph import lower_bound

    return lower_bound(dict(steps), seconds, limit)
