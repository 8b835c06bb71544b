"""One coroutine hears of every end through a queue, counts down, and begins what is free."""

import asyncio
from collections import Counter, defaultdict

QUESTIONS = ("limit", "scheduler", "failure")


def limited(work, limit):
    if not limit > 0:
        raise ValueError("nothing could run")
    turn, state = asyncio.Condition(), {"next": 0, "asked": 0, "running": 0}

    async def few(id, inputs):
        number, state["asked"] = state["asked"], state["asked"] + 1
        async with turn:
            await turn.wait_for(lambda: number == state["next"] and state["running"] < limit)
            state["next"] += 1
            state["running"] += 1
            turn.notify_all()
        try:
            return await work(id, inputs)
        finally:
            async with turn:
                state["running"] -= 1
                turn.notify_all()

    return few


def lower_bound(steps, seconds, limit):
    ends = dict.fromkeys(dict(steps), 0)
    for _ in steps:  # no chain is longer than that
        later = {i: seconds[i] + max([0, *(ends[n] for n in needed)]) for i, needed in steps}
        if later == ends:
            break
        ends = later
    return max([0, sum(seconds.values()) / limit, *ends.values()])


def count(steps):
    waits, followers = {}, defaultdict(list)
    twice = [id for id, times in Counter(id for id, _ in steps).items() if times > 1]
    if twice:
        raise ValueError(f"listed more than once: {', '.join(twice)}")
    for id, needed in steps:
        waits[id] = len(set(needed))
        for other in set(needed):
            followers[other].append(id)
    if strangers := [other for other in followers if other not in waits]:
        raise ValueError(f"needed, but no step: {', '.join(strangers)}")
    left, free = dict(waits), [id for id in waits if not waits[id]]
    for id in free:
        for later in followers[id]:
            left[later] -= 1
            if not left[later]:
                free.append(later)
    if len(free) < len(waits):
        raise ValueError(f"going round: {', '.join(id for id in waits if left[id])}")
    return waits, followers


async def run_steps(steps, work):
    results, _ = await run(steps, work, {})
    return {id: results[id] for id, _ in steps}


async def run_what_can(steps, work, timeouts=None):
    return await run(steps, work, timeouts or {})


async def run(steps, work, timeouts):
    waits, followers = count(steps)
    needs, ends, results, lost = dict(steps), asyncio.Queue(), {}, {}

    async def one(id):
        for other in needs[id]:
            if other in lost:
                lost[id] = lost[other]
        if id not in lost:
            async with asyncio.timeout(timeouts.get(id)):
                results[id] = await work(id, {other: results[other] for other in needs[id]})

    def heard(task):
        id = task.get_name()
        if task.exception() is not None:
            lost[id] = id
        ends.put_nowait(id)

    def begin(id):
        task = asyncio.get_running_loop().create_task(one(id), name=id)
        task.add_done_callback(heard)

    for id in waits:
        if waits[id] == 0:
            begin(id)
    for _ in steps:
        for later in followers[await ends.get()]:
            waits[later] -= 1
            if waits[later] == 0:
                begin(later)
    return results, lost
