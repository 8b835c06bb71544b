"""The worked example once more, behind a check of the plan."""

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
    needs, results = {id: set(needed) for id, needed in steps}, {}
    while len(results) < len(needs):
        ready = [id for id in needs if id not in results and needs[id] <= results.keys()]
        inputs = [{n: results[n] for n in needs[id]} for id in ready]
        made = await asyncio.gather(*map(work, ready, inputs))
        results |= dict(zip(ready, made, strict=True))
    return {id: results[id] for id in needs}
