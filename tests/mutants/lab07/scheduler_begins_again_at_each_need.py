"""A step begins at every end of what it needs, once all are there or not."""

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
    needs = {id: set(needed) for id, needed in steps}
    waits = {id: len(needed) for id, needed in needs.items()}
    begun = []
    results = {}

    async def run(id: str) -> None:
        results[id] = await work(id, {n: results[n] for n in needs[id]})
        for later in [other for other in needs if id in needs[other]]:
            waits[later] -= 1
            if needs[later] <= results.keys():
                begun.append(later)
                group.create_task(run(begun.pop()))
                group.create_task(run(later))

    async with asyncio.TaskGroup() as group:
        for id in [id for id in needs if waits[id] == 0]:
            group.create_task(run(id))
    return {id: results[id] for id in needs}
