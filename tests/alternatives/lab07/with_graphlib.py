"""graphlib says what is ready, asyncio.wait what has ended; a queue of tokens for the places."""

import asyncio
from graphlib import TopologicalSorter

QUESTIONS = ("limit", "scheduler", "failure")


def limited(work, limit):
    if limit <= 0:
        raise ValueError("the limit must be 1 or more")
    tokens = asyncio.Queue()
    for number in range(limit):
        tokens.put_nowait(number)

    async def few(*given):
        token = await tokens.get()
        try:
            return await work(*given)
        finally:
            tokens.put_nowait(token)

    return few


def lower_bound(steps, seconds, limit):
    begins, sorter = dict.fromkeys(dict(steps), 0), TopologicalSorter(dict(steps))
    followers = {id: [other for other, needed in steps if id in needed] for id, _ in steps}
    sorter.prepare()
    end = 0
    while sorter.is_active():
        for id in sorter.get_ready():
            over = begins[id] + seconds[id]
            end = max(end, over)
            for other in followers[id]:
                begins[other] = max(begins[other], over)
            sorter.done(id)
    return max(end, sum(seconds[id] for id, _ in steps) / limit)


def sorted_steps(steps):
    sorter, seen = TopologicalSorter(), set()
    for id, needed in steps:
        if id in seen:
            raise ValueError(f"{id} is there twice")
        seen.add(id)
        sorter.add(id, *needed)
    for id, needed in steps:
        if unknown := set(needed) - seen:
            raise ValueError(f"{id} needs what is not there: {sorted(unknown)}")
    sorter.prepare()
    return sorter


async def run_steps(steps, work):
    sorter, needs, results, under_way = sorted_steps(steps), dict(steps), {}, {}
    while sorter.is_active():
        for id in sorter.get_ready():
            inputs = {other: results[other] for other in needs[id]}
            under_way[asyncio.ensure_future(work(id, inputs))] = id
        ended, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            id = under_way.pop(task)
            results[id] = task.result()
            sorter.done(id)
    return {id: results[id] for id, _ in steps}


async def run_what_can(steps, work, timeouts=None):
    sorter, needs = sorted_steps(steps), dict(steps)
    results, lost, under_way = {}, {}, {}
    while sorter.is_active():
        for id in sorter.get_ready():
            because = next((lost[other] for other in needs[id] if other in lost), None)
            if because is not None:
                lost[id] = because
                sorter.done(id)
                continue
            running = work(id, {other: results[other] for other in needs[id]})
            task = asyncio.ensure_future(asyncio.wait_for(running, (timeouts or {}).get(id)))
            under_way[task] = id
        if not under_way:
            continue
        ended, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            id = under_way.pop(task)
            if task.exception() is None:
                results[id] = task.result()
            else:
                lost[id] = id
            sorter.done(id)
    return results, lost
