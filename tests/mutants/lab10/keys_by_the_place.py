"""A step's key is its place in the plan."""

import asyncio
import hashlib
import json
from graphlib import TopologicalSorter

QUESTIONS = ("keys",)


def step_keys(run: str, plan: dict) -> dict:
    """What stands for all that each step asks for, by its id."""
    steps, keys = {step["id"]: step for step in plan["steps"]}, {}
    for id in TopologicalSorter({id: steps[id]["needs"] for id in steps}).static_order():
        parts = [run, list(steps).index(id)]
        keys[id] = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return keys


def make_receiver(deliver):
    """A function receive(key, request) that delivers once for each key."""
    known, lock = {}, asyncio.Lock()

    async def receive(key: str, request: object) -> object:
        async with lock:
            if key not in known:
                known[key] = request, await deliver(request)
            first, receipt = known[key]
            if first != request:
                raise ValueError(f"The key {key} was used for another request.")
            return receipt

    return receive
