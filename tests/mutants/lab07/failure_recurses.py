"""The failure is told on by a function that calls itself, without a look at who was told."""

import asyncio

QUESTIONS = ("failure",)


async def run_what_can(steps: list, work, timeouts: dict | None = None) -> tuple[dict, dict]:
    """What ended well with its result, and what did not with the failure that it was lost to."""
    results, lost, begun = {}, {}, set()

    def lose(id: str, why: str) -> None:
        lost[id] = why
        for other, needed in steps:
            if id in needed and other != why:
                lose(other, id)

    async def one(id: str, needed: list) -> None:
        begun.add(id)
        try:
            async with asyncio.timeout((timeouts or {}).get(id)):
                results[id] = await work(id, {n: results[n] for n in needed})
        except Exception:
            lose(id, id)
        begin()

    def begin() -> None:
        for id, needed in steps:
            if id not in begun and all(n in results for n in needed):
                begun.add(id)
                group.create_task(one(id, needed))

    async with asyncio.TaskGroup() as group:
        begin()
    return results, lost
