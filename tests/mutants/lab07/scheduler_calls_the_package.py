"""The package's own scheduler is handed in."""

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
    from planlab.schedule import Task, run_graph

    def one(id: str, needed: tuple) -> Task:
        def run(*made: object) -> object:
            return work(id, dict(zip(needed, made, strict=True)))

        return Task(id, run, needed)

    done = await run_graph([one(id, tuple(needed)) for id, needed in steps])
    return {id: done[id] for id, _ in steps}
