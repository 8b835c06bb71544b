"""The plans that schedulers are measured on: steps, what each needs, and how long it takes.

Latencies are of the size that a fast web search and a short model call have; none is a multiple of
a polling interval, which would flatter whoever polls.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What it needs, and the latency of its call in seconds.

    None: the call returns at once. 0: it gives way to the event loop, once.
    """

    needs: tuple[str, ...] = ()
    seconds: float | None = None


Shape = Mapping[str, Step]  # each step after those that it needs

EXAMPLE: Shape = {
    "search price": Step(seconds=0.61),
    "search first rival": Step(seconds=0.97),
    "search second rival": Step(seconds=0.83),
    "compare": Step(("search price", "search first rival", "search second rival"), 0.52),
    "report": Step(("compare",), 0.71),
}


def movie_rec() -> Shape:
    """Eight searches and a join: the MovieRec plan of arXiv:2312.04511."""
    searches = {f"search {n}": Step(seconds=0.51 + 0.097 * n) for n in range(8)}
    return {**searches, "join": Step(tuple(searches), 0.52)}


def parallel_qa() -> Shape:
    """Three searches with a sum on each, a sum of these and a join: ParallelQA's, same paper."""
    searches = {f"search {n}": Step(seconds=0.61 + 0.19 * n) for n in range(3)}
    sums = {f"sum {n}": Step((f"search {n}",), 0.21) for n in range(3)}
    return {
        **searches,
        **sums,
        "compare": Step(tuple(sums), 0.23),
        "join": Step(("compare",), 0.52),
    }


def diagonal(size: int = 8) -> Shape:
    """So many chains of so many steps; chain i is slow at its step i, where all others are fast.

    Whoever runs the plan level by level waits for a slow step at each level.
    """
    return {
        f"{chain}.{place}": Step(
            (f"{chain}.{place - 1}",) if place else (), 1.03 if chain == place else 0.047
        )
        for chain in range(size)
        for place in range(size)
    }


SHAPES: Mapping[str, Shape] = {
    "5-task example": EXAMPLE,
    "MovieRec": movie_rec(),
    "ParallelQA": parallel_qa(),
    "diag8": diagonal(),
}


def layered(count: int, seconds: float | None = None, *, width: int = 100) -> Shape:
    """Layers of `width` steps, each of which needs three of the layer before."""

    def needed(n: int) -> tuple[str, ...]:
        before = n // width * width - width
        return tuple(f"t{before + (n + k) % width}" for k in range(3)) if before >= 0 else ()

    return {f"t{n}": Step(needed(n), seconds) for n in range(count)}


def chained(count: int, seconds: float | None = None) -> Shape:
    """One chain of steps."""
    return {f"t{n}": Step((f"t{n - 1}",) if n else (), seconds) for n in range(count)}


def faster(shape: Shape, factor: float) -> Shape:
    """The same plan with latencies so many times as long."""
    return {id: Step(step.needs, step.seconds * factor) for id, step in shape.items()}


def critical_path(shape: Shape) -> list[str]:
    """The steps that take longest one after another: no schedule is shorter than they."""
    ends: dict[str, float] = {}
    last: dict[str, str | None] = {}
    for id, step in shape.items():
        last[id] = max(step.needs, key=ends.__getitem__, default=None)
        ends[id] = step.seconds + ends.get(last[id] or "", 0.0)
    path = [max(ends, key=ends.__getitem__)]
    while (before := last[path[-1]]) is not None:
        path.append(before)
    return path[::-1]


def depths(shape: Shape) -> dict[str, int]:
    """How many steps stand one after another up to each: what a run must give, see scheduler.py."""
    found: dict[str, int] = {}
    for id, step in shape.items():
        found[id] = 1 + max((found[n] for n in step.needs), default=0)
    return found
