"""What it costs to keep each step: the ledger beside DBOS and LangGraph, on SQLite, in one run.

    python bench/durable.py [--steps 1000] [--rounds 5]

A chain of steps that do nothing, in turns. Prints microseconds a step, and less what the scheduler
takes with a dict (goal: 50 or less for sync="process"), also for HIGH calls, which are recorded
before and after; then the milliseconds to go on where 1,000 steps are finished (goal: 10 or less).
A peer that is not installed is named and left out.
"""

import argparse
import asyncio
import os
import signal
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import TypedDict

from planlab.ledger import Ledger
from planlab.progress import PLAN
from planlab.records import Argument, Observation, Plan, Ref, Step
from planlab.schedule import Task, run_graph
from planlab.toolbox import Toolbox, guarded
from planlab.tools import Call, Risk, tool

DONE = Observation({"rows": [["refund", 3], ["password", 1]]}, key="0" * 32)


async def nothing(*results: object) -> Observation:
    return DONE


def chain(steps: int) -> list[Task]:
    return [Task(f"s{n}", nothing, (f"s{n - 1}",) if n else ()) for n in range(steps)]


def seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def run_chain(done: MutableMapping[str, object], steps: int) -> float:
    tasks = chain(steps)
    return seconds(lambda: asyncio.run(run_graph(tasks, done)))


def on_dict(folder: Path, steps: int) -> float:
    return run_chain({}, steps)


def on_ledger(folder: Path, steps: int) -> float:
    with Ledger(folder / "run.db") as done:
        return run_chain(done, steps)


def on_safe_ledger(folder: Path, steps: int) -> float:
    with Ledger(folder / "run.db", sync="power") as done:
        return run_chain(done, steps)


def on_ledger_with_effects(folder: Path, steps: int) -> float:
    """Calls of a HIGH tool: intent, outcome and result, each a transaction."""

    @tool(risk=Risk.HIGH)
    async def act(number: int, call: Call) -> int:
        """Nothing at all."""
        return number

    with Ledger(folder / "run.db") as done:
        box = guarded(Toolbox([act], run_id=done.run_id), journal=done)

        async def run() -> None:
            for n in range(steps):
                done[f"s{n}"] = await box.call("act", {"number": n}, step=f"s{n}")

        return seconds(lambda: asyncio.run(run()))


def on_dbos(folder: Path, steps: int) -> float:
    from dbos import DBOS

    url = f"sqlite:///{folder / 'dbos.db'}"
    config = {"name": "bench", "system_database_url": url, "log_level": "ERROR"}
    DBOS(config={**config, "run_admin_server": False, "application_version": "1"})

    @DBOS.step(name="nothing")
    async def step(number: int) -> dict[str, object]:
        return {"rows": [["refund", 3], ["password", 1]]}

    @DBOS.workflow(name="chain")
    async def workflow(count: int) -> float:
        begun = time.perf_counter()
        for number in range(count):
            await step(number)
        return time.perf_counter() - begun

    DBOS.launch()
    try:
        return asyncio.run(workflow(steps))
    finally:
        DBOS.destroy(destroy_registry=True)


class State(TypedDict):
    count: int


def on_langgraph(folder: Path, steps: int) -> float:
    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import END, START, StateGraph

    def step(state: State) -> dict[str, object]:
        return {"count": state["count"] + 1}

    graph = StateGraph(State)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda state: END if state["count"] == steps else "step")
    database = sqlite3.connect(folder / "graph.db", check_same_thread=False)
    app = graph.compile(checkpointer=SqliteSaver(database))
    config = {"configurable": {"thread_id": "1"}, "recursion_limit": steps + 5}
    took = seconds(lambda: app.invoke({"count": 0}, config, durability="sync"))
    database.close()
    return took


WAYS = {
    "dict (nothing is kept)": on_dict,
    "ledger, process": on_ledger,
    "ledger, power": on_safe_ledger,
    "ledger, HIGH calls": on_ledger_with_effects,
    "DBOS on SQLite": on_dbos,
    "LangGraph's SQLite saver": on_langgraph,
}


def planned(steps: int) -> Plan:
    """A chain as a plan, so that each result stands under its step's key."""

    def step(n: int) -> Step:
        value = Ref(step=f"s{n - 1}", path="") if n else 1
        return Step(
            id=f"s{n}",
            description=f"step {n}",
            how="tool",
            tool="double",
            arguments=(Argument(name="number", value=value),),
            depends_on=(),
            output=f"out{n}",
            expected_output="",
        )

    return Plan(goal="g", reasoning="", steps=tuple(map(step, range(steps))), version=1)


def resume(path: Path, tasks: list[Task]) -> float:
    begun = time.perf_counter()
    with Ledger(path) as done:
        asyncio.run(run_graph(tasks, done))
        return time.perf_counter() - begun


def killed(path: Path, tasks: list[Task], plan: Plan | None) -> None:
    """Finish the steps in a process that is killed at the end, so that nothing is tidied up."""
    child = os.fork()
    if not child:
        done = Ledger(path)
        if plan is not None:
            done[PLAN] = plan
        asyncio.run(run_graph(tasks, done))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def show_steps(steps: int, rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, run in list(WAYS.items()):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    times[name].append(run(Path(folder), steps) / steps * 1e6)
                except ImportError as error:
                    print(f"{name}: left out, {error.name} is not installed")
                    del WAYS[name]
    bare = statistics.median(times["dict (nothing is kept)"])
    print(f"{f'µs a step, {steps} steps':28}{'median':>9}{'range':>20}{'less a dict':>14}")
    for name in WAYS:
        found = sorted(times[name])
        spread = f"{found[0]:,.0f} to {found[-1]:,.0f}"
        median = statistics.median(found)
        print(f"{name:28}{median:9,.0f}{spread:>20}{median - bare:14,.0f}")


def show_resume(rounds: int) -> None:
    tasks = chain(1000)
    for name, plan in (("without a plan", None), ("with its plan", planned(1000))):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.db"
            killed(path, tasks, plan)
            first = resume(path, tasks) * 1e3
            later = sorted(resume(path, tasks) * 1e3 for _ in range(rounds))
        print(
            f"resume of 1,000 finished steps {name}: {statistics.median(later):.1f} ms "
            f"({later[0]:.1f} to {later[-1]:.1f}); right after the kill {first:.1f} ms"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    show_steps(options.steps, options.rounds)
    show_resume(options.rounds)
