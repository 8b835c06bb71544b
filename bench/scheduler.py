"""The scheduler beside its peers, in one run: how long plans take, and what a task costs.

    python bench/scheduler.py [--rounds 5] [--patience 60] [--sizes 1000 10000 100000]

Peers: one step after another; polling every 0.05 s; an asyncio task for each step; graphlib with a
TaskGroup; LangGraph (a StateGraph for each plan); dask (16 threads). One that is not installed is
named and passed over: `pip install -r requirements-bench.txt`. The network is never used.

First table: wall time over the critical path's latencies, median and range, and the same at a tenth
of the latencies, where overhead counts ten times as much. Second: microseconds and bytes a task on
plans whose steps return at once; with `--give-way` each gives way to the event loop once, whose own
time comes on top. What the steps themselves take is the row "one after another". A time goes from
the plan to all of its results, with whatever is built for it (a compiled graph, Task objects), and
every run's results are checked. A run that takes longer than `--patience` seconds is ended.
"""

import argparse
import asyncio
import gc
import importlib.metadata
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from graphlib import TopologicalSorter
from importlib.util import find_spec
from typing import TypedDict

from shapes import SHAPES, Shape, Step, chained, critical_path, depths, faster, layered

from planlab.schedule import Task, run_graph

Done = Mapping[str, object]
Scheduler = Callable[[Shape], Awaitable[Done]]

POLL = 0.05  # seconds


async def act(step: Step, *results: int) -> int:
    """The tool: waits for its latency, and says how many steps stand one after another so far."""
    if step.seconds is not None:
        await asyncio.sleep(step.seconds)
    return 1 + max(results) if results else 1


async def one_after_another(shape: Shape) -> Done:
    done: dict[str, int] = {}
    for id, step in shape.items():
        done[id] = await act(step, *(done[n] for n in step.needs))
    return done


async def polling(shape: Shape) -> Done:
    """As tutorials have it: look at every step, start what can start, sleep, look again."""
    done: dict[str, int] = {}
    started: set[str] = set()

    async def run(id: str) -> None:
        done[id] = await act(shape[id], *(done[n] for n in shape[id].needs))

    async with asyncio.TaskGroup() as group:
        while len(done) < len(shape):
            for id, step in shape.items():
                if id not in started and all(n in done for n in step.needs):
                    started.add(id)
                    group.create_task(run(id))
            await asyncio.sleep(POLL)
    return done


async def a_task_each(shape: Shape) -> Done:
    """Every step is an asyncio task at once, and awaits those of the steps that it needs."""
    running: dict[str, asyncio.Task[int]] = {}

    async def run(step: Step) -> int:
        return await act(step, *[await running[n] for n in step.needs])

    async with asyncio.TaskGroup() as group:
        for id, step in shape.items():
            running[id] = group.create_task(run(step))
    return {id: task.result() for id, task in running.items()}


async def graphlib_group(shape: Shape) -> Done:
    sorter = TopologicalSorter({id: step.needs for id, step in shape.items()})
    sorter.prepare()
    done: dict[str, int] = {}

    async def run(id: str) -> None:
        done[id] = await act(shape[id], *(done[n] for n in shape[id].needs))
        sorter.done(id)
        start()

    def start() -> None:
        for id in sorter.get_ready():
            group.create_task(run(id))

    async with asyncio.TaskGroup() as group:
        start()
    return done


class Nothing(TypedDict):
    """LangGraph's state: results go beside it, since merging them into it costs even more."""


async def langgraph(shape: Shape) -> Done:
    from langgraph.graph import START, StateGraph

    done: dict[str, int] = {}

    async def run(state: Nothing, id: str) -> None:
        done[id] = await act(shape[id], *(done[n] for n in shape[id].needs))

    builder = StateGraph(Nothing)
    for id, step in shape.items():
        builder.add_node(id, partial(run, id=id))
        builder.add_edge(list(step.needs) or START, id)
    await builder.compile().ainvoke({}, {"recursion_limit": len(shape) + 1})
    return done


async def dask(shape: Shape) -> Done:
    """The threaded scheduler, its quickest for plans of this kind; so its tools block a thread."""
    from dask.threaded import get

    def act(step: Step, *results: int) -> int:
        if step.seconds is not None:
            time.sleep(step.seconds)
        return 1 + max(results) if results else 1

    graph = {id: (partial(act, step), *step.needs) for id, step in shape.items()}
    return dict(zip(shape, get(graph, list(shape), num_workers=16), strict=True))


async def ours(shape: Shape) -> Done:
    return await run_graph(Task(id, partial(act, step), step.needs) for id, step in shape.items())


async def bare_sleeps(shape: Shape) -> Done:
    """The critical path's latencies without any scheduler: the least that this event loop takes."""
    for id in critical_path(shape):
        await act(shape[id])
    return depths(shape)


SCHEDULERS: Mapping[str, Scheduler] = {
    "run_graph (ours)": ours,
    "one after another": one_after_another,
    "polling": polling,
    "an asyncio task each": a_task_each,
    "graphlib, TaskGroup": graphlib_group,
    "LangGraph": langgraph,
    "dask, threads": dask,
}
PACKAGES = {"LangGraph": "langgraph", "dask, threads": "dask"}


def installed() -> dict[str, Scheduler]:
    """The schedulers that can be measured here; says which cannot, and the peers' versions."""
    missing = {name for name, package in PACKAGES.items() if find_spec(package) is None}
    for name, package in PACKAGES.items():
        if name in missing:
            print(f"Left out: {name} is not installed (pip install -r requirements-bench.txt).")
        else:
            print(f"{name}: {package} {importlib.metadata.version(package)}")
    return {name: run for name, run in SCHEDULERS.items() if name not in missing}


async def seconds(run: Scheduler, shape: Shape, patience: float) -> float:
    """From the plan to all of its results, checked; `inf` where that takes longer than patience."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # what the benchmark and the peers' packages hold is no part of a run
    began = time.perf_counter()
    try:
        async with asyncio.timeout(patience):
            done = await run(shape)
    except TimeoutError:
        return float("inf")
    took = time.perf_counter() - began
    if done != depths(shape):
        sys.exit("A scheduler gave wrong results: its figures would mean nothing.")
    return took


def measure(run: Scheduler, shape: Shape, patience: float) -> float:
    return asyncio.run(seconds(run, shape, patience))


def render_row(name: str, cells: list[str]) -> str:
    return f"| {' | '.join([name, *cells])} |"


def render_header(first: str, names: list[str]) -> str:
    return f"{render_row(first, names)}\n|{'---|' * (len(names) + 1)}"


def compare_makespans(schedulers: Mapping[str, Scheduler], factor: float, rounds: int) -> None:
    """Print wall time over the critical path for each shape, its latencies times `factor`."""
    shapes = {name: faster(shape, factor) for name, shape in SHAPES.items()}
    paths = {
        n: sum(shape[id].seconds for id in critical_path(shape)) for n, shape in shapes.items()
    }
    rows = {**schedulers, "the path's sleeps alone": bare_sleeps}
    took: dict[tuple[str, str], list[float]] = {(row, name): [] for row in rows for name in shapes}
    for _ in range(rounds):
        for row, name in took:
            took[row, name].append(measure(rows[row], shapes[name], 1000) / paths[name])
    print(render_header("", [f"{name} ({paths[name]:.3g} s)" for name in shapes]))
    for row in rows:
        print(render_row(row, [_with_range(took[row, name]) for name in shapes]))


def _with_range(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"


def compare_overheads(schedulers: Mapping[str, Scheduler], options: argparse.Namespace) -> None:
    """Print microseconds a task on plans without latency, and bytes on the middle one."""
    wait, middle = 0.0 if options.give_way else None, options.sizes[len(options.sizes) // 2]
    shapes = {f"{size:,} layered": layered(size, wait) for size in options.sizes}
    shapes[f"chain of {middle:,}"] = chained(middle, wait)
    print(render_header("µs a task", [*shapes, "bytes a task"]))
    for name, run in schedulers.items():
        cells = [
            _microseconds(run, shape, options.rounds, options.patience) for shape in shapes.values()
        ]
        print(render_row(name, [*cells, _bytes(run, layered(middle))]), flush=True)


def _microseconds(run: Scheduler, shape: Shape, rounds: int, patience: float) -> str:
    """Median and range of `rounds` runs, or of as many as patience lasts for."""
    took: list[float] = []
    while len(took) < rounds and sum(took) < patience:
        took.append(measure(run, shape, patience))
    each = [1e6 * run_took / len(shape) for run_took in took]
    if max(each) == float("inf"):
        return f"over {1e6 * patience / len(shape):,.0f}"
    digits = 1 if max(each) < 100 else 0
    spread = f" ({min(each):,.{digits}f} to {max(each):,.{digits}f})" if len(each) > 1 else ""
    return f"{statistics.median(each):,.{digits}f}{spread}"


def _bytes(run: Scheduler, shape: Shape) -> str:
    """What a run takes at its peak beside the plan, by tracemalloc."""
    tracemalloc.start()
    try:
        if measure(run, shape, 600) == float("inf"):
            return "not measured"
        return f"{tracemalloc.get_traced_memory()[1] / len(shape):,.0f}"
    finally:
        tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--factor", type=float, default=1.0, help="latencies times this")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--patience", type=float, default=60, help="seconds for one figure")
    parser.add_argument("--give-way", action="store_true", help="steps without latency await once")
    options = parser.parse_args()
    print(f"{platform.system()}, Python {platform.python_version()}, {options.rounds} rounds")
    schedulers = installed()
    for run in schedulers.values():
        measure(run, chained(3), options.patience)  # imports what it needs
    for factor, words in ((1.0, "full latency"), (0.1, "a tenth of the latencies")):
        print(f"\nWall time over the critical path, {words}: median (range)\n")
        compare_makespans(schedulers, factor * options.factor, options.rounds)
    print("\nWithout latency: microseconds a task, median (range); bytes at the peak\n")
    compare_overheads(schedulers, options)


if __name__ == "__main__":
    main()
