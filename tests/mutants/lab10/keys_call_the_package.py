"""The package's own keys are handed in."""

import asyncio

QUESTIONS = ("keys",)


def step_keys(run: str, plan: dict) -> dict:
    """What stands for all that each step asks for, by its id."""
    from planlab.ledger import find_keys
    from planlab.records import Argument, Plan, Step

    steps = []
    for step in plan["steps"]:
        arguments = [Argument(name=n, value=str(v)) for n, v in step["arguments"].items()]
        asked = {"description": "", "how": "tool", "output": step["id"], "expected_output": ""}
        named = {"id": step["id"], "tool": step["tool"], "depends_on": step["needs"]}
        steps.append(Step(arguments=arguments, **asked, **named))
    return find_keys(Plan(goal="", reasoning="", steps=steps, version=1), run)


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
