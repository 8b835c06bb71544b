"""Every step has a future that the others await; the places and the bound are made by hand."""

import asyncio
from collections import deque
from functools import cache

QUESTIONS = ("limit", "scheduler", "failure")


def limited(work, limit):
    if limit < 1:
        raise ValueError(f"no work can be done {limit} at a time")
    return Few(work, limit).ask


class Few:
    def __init__(self, work, limit):
        self.work, self.free, self.waiting = work, limit, deque()

    async def ask(self, id, inputs):
        if self.free:
            self.free -= 1
        else:
            self.waiting.append(asyncio.get_running_loop().create_future())
            await self.waiting[-1]
        try:
            return await self.work(id, inputs)
        finally:
            if self.waiting:
                self.waiting.popleft().set_result(None)
            else:
                self.free += 1


def lower_bound(steps, seconds, limit):
    needs = dict(steps)

    @cache
    def end(id):
        return seconds[id] + max(map(end, needs[id]), default=0)

    return max([sum(seconds.values()) / limit, *map(end, needs)])


def find_stuck(steps):
    needs = {id: set(needed) for id, needed in steps}
    if strangers := set().union(*needs.values()) - needs.keys():
        return sorted(strangers)
    while free := {id for id, needed in needs.items() if not needed}:
        needs = {id: needed - free for id, needed in needs.items() if id not in free}
    while ends := needs.keys() - {other for needed in needs.values() for other in needed}:
        needs = {id: needed for id, needed in needs.items() if id not in ends}
    return sorted(needs)


async def run_steps(steps, work):
    for number, (id, _) in enumerate(steps):
        if id in dict(steps[:number]):
            raise ValueError(f"{id} is listed twice")
    if stuck := find_stuck(steps):
        raise ValueError(f"these can never begin, or are not there: {stuck}")
    made = {id: asyncio.get_running_loop().create_future() for id, _ in steps}

    async def run(id, needed):
        values = await asyncio.gather(*(made[other] for other in needed))
        made[id].set_result(await work(id, dict(zip(needed, values, strict=True))))

    await asyncio.gather(*(run(id, needed) for id, needed in steps))
    return {id: future.result() for id, future in made.items()}


class Lost(Exception):
    pass


async def run_what_can(steps, work, timeouts=None):
    needs, tasks = dict(steps), {}

    async def run(id):
        endings = await asyncio.gather(*map(task_of, needs[id]), return_exceptions=True)
        for ending in endings:
            if isinstance(ending, Lost):
                raise ending
        inputs = dict(zip(needs[id], endings, strict=True))
        try:
            return await asyncio.wait_for(work(id, inputs), (timeouts or {}).get(id))
        except Exception as error:
            raise Lost(id) from error

    def task_of(id):
        if id not in tasks:
            tasks[id] = asyncio.ensure_future(run(id))
        return tasks[id]

    endings = await asyncio.gather(*map(task_of, needs), return_exceptions=True)
    both = list(zip(needs, endings, strict=True))
    lost = {id: ending.args[0] for id, ending in both if isinstance(ending, Lost)}
    return {id: ending for id, ending in both if id not in lost}, lost
