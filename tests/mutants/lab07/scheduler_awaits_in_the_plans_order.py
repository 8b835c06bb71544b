"""All that are ready begin, but ends are noticed in the order of the plan."""

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
    needs, results, tasks = {id: set(needed) for id, needed in steps}, {}, {}
    while len(results) < len(needs):
        for id in needs:
            if id not in tasks and needs[id] <= results.keys():
                tasks[id] = asyncio.ensure_future(work(id, {n: results[n] for n in needs[id]}))
        first = next(id for id in tasks if id not in results)
        results[first] = await tasks[first]
    return {id: results[id] for id in needs}
