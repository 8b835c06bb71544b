"""Looks every 50 milliseconds which steps are ready."""

import asyncio
from graphlib import TopologicalSorter

QUESTIONS = ("scheduler",)


def check_steps(steps: list) -> None:
    """Raises ValueError where the plan cannot run to its end."""
    ids = [id for id, _ in steps]
    for id, needed in steps:
        if ids.count(id) > 1:
            raise ValueError(f"Two steps have the id {id}.")
        for other in needed:
            if other not in ids:
                raise ValueError(f"{id} needs {other}, which is no step of the plan.")
    TopologicalSorter(dict(steps)).prepare()


async def run_steps(steps: list, work) -> dict:
    """The result of every step by its id, in the plan's order."""
    check_steps(steps)
    needs, results, begun = {id: set(needed) for id, needed in steps}, {}, set()

    async def run(id: str) -> None:
        results[id] = await work(id, {n: results[n] for n in needs[id]})

    async with asyncio.TaskGroup() as group:
        while len(begun) < len(needs):
            for id in needs:
                if id not in begun and needs[id] <= results.keys():
                    begun.add(id)
                    group.create_task(run(id))
            await asyncio.sleep(0.05)
    return {id: results[id] for id in needs}
