"""What the tests of planlab.durable run in processes of their own, so that these can be killed.

`python -m tests.durable_steps URL EFFECTS EXECUTOR MODE` with MODE "run" (work, and run the plan) or
"work" (until killed). A file KILL beside EFFECTS names a moment, such as "before s3" or "after s3":
there the process kills itself, once.
"""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

from planlab.durable import run_durable, worker
from planlab.records import Argument, Observation, Plan, Ref, Step
from planlab.schedule import Task
from planlab.toolbox import Toolbox
from planlab.tools import Call, Risk, tool

RUN = "weekly"


def step(id: str, *needs: str, tool: str = "note", **arguments: object) -> Step:
    """A step of the test plans; an argument written as `Ref` refers to a result."""
    return Step(
        id=id,
        description=f"work on {id}",
        how="tool",
        tool=tool,
        arguments=tuple(Argument(name=n, value=v) for n, v in arguments.items()),
        depends_on=needs,
        output=f"out_{id}",
        expected_output="a text",
    )


def plan(*steps: Step) -> Plan:
    """A plan of these steps."""
    return Plan(goal="g", reasoning="r", steps=steps, version=1)


def layered(width: int, depth: int) -> Plan:
    """`depth` layers of `width` steps; a step takes the texts of the two nearest in the layer above.

    The last layers stand first: plan order need not be an order in which it can run.
    """
    steps = []
    for layer in range(depth):
        for place in range(width):
            above = [f"s{layer - 1}_{p % width}" for p in (place, place + 1)] if layer else []
            names = ("left", "right")
            refs = {n: Ref(step=a, path="text") for n, a in zip(names, above, strict=False)}
            steps.append(step(f"s{layer}_{place}", **refs))
    return plan(*reversed(steps))


def notebook(effects: Path) -> Toolbox:
    """A toolbox with one tool, whose receiver keeps each idempotency key once."""

    @tool(risk=Risk.MEDIUM)
    async def note(call: Call, left: str = "", right: str = "") -> dict[str, str]:
        "Write a line into the book."
        at(effects, f"before {call.step}")
        with sqlite3.connect(effects, timeout=30) as book:
            book.execute("CREATE TABLE IF NOT EXISTS asked (step)")
            book.execute("CREATE TABLE IF NOT EXISTS kept (key PRIMARY KEY, step)")
            book.execute("INSERT INTO asked VALUES (?)", (call.step,))
            book.execute("INSERT OR IGNORE INTO kept VALUES (?, ?)", (call.key, call.step))
        book.close()
        at(effects, f"after {call.step}")
        await asyncio.sleep(0.01)
        return {"text": f"{call.step}({left[-40:]},{right[-40:]})"}

    return Toolbox([note], run_id=RUN)


def at(effects: Path, moment: str) -> None:
    """Kill this process at the moment that the file KILL names."""
    wanted = effects.with_name("KILL")
    if wanted.exists() and wanted.read_text() == moment:
        wanted.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def stepper(tools: Toolbox):
    """A `run_step` that calls the step's tool."""

    async def run_step(step: Step, known: Mapping[str, object]) -> Observation:
        return await tools.call(step.tool or "", step.arguments, known=known, step=step.id)

    return run_step


def tasks(plan: Plan, run_step) -> list[Task]:
    """The same steps for `run_graph`."""

    def task(step: Step) -> Task:
        async def run(*results: object) -> object:
            seen = await run_step(step, dict(zip(step.needs, results, strict=True)))
            seen.unwrap()
            return seen

        return Task(step.id, run, step.needs)

    return [task(step) for step in plan.steps]


async def main(url: str, effects: str, executor: str, mode: str) -> None:
    """Do steps until the plan is done, or for ever."""
    run_step = stepper(notebook(Path(effects)))
    async with worker(run_step, executor_id=executor, url=url, limit=4):
        if mode == "work":
            print("open", flush=True)
            await asyncio.Event().wait()
        done = await run_durable(layered(4, 4), run_id=RUN, url=url)
    for id, seen in done.items():
        print(id, seen.unwrap()["text"])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
