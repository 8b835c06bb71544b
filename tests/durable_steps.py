"""What the tests of planlab.durable run in processes of their own, so that these can be killed.

`python -m tests.durable_steps URL EFFECTS EXECUTOR MODE`: MODE "run" does steps and runs the plan,
"work" only does steps, until it is killed. The environment's KILL names a file that may hold a
moment, such as "before s0_1" or "after s0_1": whoever is there first takes the file, and is gone.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from planlab.durable import RunStep, run_durable, worker
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
    """`depth` layers of `width` steps; each step takes the texts of two in the layer before.

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


class Book:
    """The receiver: a table that takes each idempotency key once, and one of all that it was asked.

    In SQLite or PostgreSQL, as its URL says; `writer` is who asks.
    """

    def __init__(self, url: str, writer: str = "test") -> None:
        self.engine = create_engine(url, poolclass=NullPool)  # leaves no connection open
        self.url, self.writer = url, writer
        with self.engine.begin() as book:
            book.execute(text("CREATE TABLE IF NOT EXISTS asked (step TEXT, writer TEXT)"))
            book.execute(text("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, step TEXT)"))

    def write(self, key: str, step: str) -> None:
        """Take one line, unless its key is there."""
        row = {"key": key, "step": step, "writer": self.writer}
        with self.engine.begin() as book:
            book.execute(text("INSERT INTO asked VALUES (:step, :writer)"), row)
            book.execute(text("INSERT INTO kept VALUES (:key, :step) ON CONFLICT DO NOTHING"), row)

    def read(self, column: str, table: str) -> list[str]:
        """A column of a table, in order."""
        with self.engine.begin() as book:
            return sorted(book.execute(text(f"SELECT {column} FROM {table}")).scalars())


def notebook(book: Book, seconds: float = 0.01) -> Toolbox:
    """A toolbox with one tool, which writes into the book and takes so long."""

    @tool(risk=Risk.MEDIUM)
    async def note(call: Call, left: str = "", right: str = "") -> dict[str, str]:
        "Write a line into the book."
        at(f"before {call.step}")
        book.write(call.key, call.step)
        at(f"after {call.step}")
        await asyncio.sleep(seconds)
        return {"text": f"{call.step}({left[-40:]},{right[-40:]})"}

    return Toolbox([note], run_id=RUN)


def at(moment: str) -> None:
    """Kill this process at the moment that the file KILL names."""
    file = Path(os.environ.get("KILL", "nowhere"))
    if file.exists() and file.read_text() == moment:
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def stepper(tools: Toolbox) -> RunStep:
    """A `run_step` that calls the step's tool."""

    async def run_step(step: Step, known: Mapping[str, object]) -> Observation:
        return await tools.call(step.tool or "", step.arguments, known=known, step=step.id)

    return run_step


def tasks(plan: Plan, run_step: RunStep) -> list[Task]:
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
    run_step = stepper(notebook(Book(effects, executor), 0.05))
    async with worker(run_step, executor_id=executor, url=url, limit=2):
        if mode == "work":
            await asyncio.Event().wait()
        done = await run_durable(layered(3, 3), run_id=RUN, url=url)
    for id, seen in done.items():
        print(id, seen.unwrap()["text"])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
