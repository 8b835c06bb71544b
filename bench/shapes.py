"""The plans that schedulers are measured on: steps, what each needs, and how long it takes.

Latencies are of the size that a fast web search and a short model call have.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What it needs, and the latency of its call in seconds; 0: it only gives way to the loop."""

    needs: tuple[str, ...] = ()
    seconds: float = 0.0


Shape = Mapping[str, Step]  # each step after those that it needs

EXAMPLE: Shape = {
    "search price": Step(seconds=0.6),
    "search first rival": Step(seconds=1.0),
    "search second rival": Step(seconds=0.8),
    "compare": Step(("search price", "search first rival", "search second rival"), 0.5),
    "report": Step(("compare",), 0.7),
}


def movie_rec() -> Shape:
    """Eight searches and a join: the MovieRec plan of arXiv:2312.04511."""
    searches = {f"search {n}": Step(seconds=0.5 + n / 10) for n in range(8)}
    return {**searches, "join": Step(tuple(searches), 0.5)}


def parallel_qa() -> Shape:
    """Three searches with a sum on each, a sum of these and a join: ParallelQA's, same paper."""
    searches = {f"search {n}": Step(seconds=0.6 + n / 5) for n in range(3)}
    sums = {f"sum {n}": Step((f"search {n}",), 0.2) for n in range(3)}
    return {
        **searches,
        **sums,
        "compare": Step(tuple(sums), 0.2),
        "join": Step(("compare",), 0.5),
    }


def diagonal(size: int = 8) -> Shape:
    """So many chains of so many steps; chain i is slow at its step i, where all others are fast.

    Whoever runs the plan level by level waits for a slow step at each level.
    """
    return {
        f"{chain}.{place}": Step(
            (f"{chain}.{place - 1}",) if place else (), 1.0 if chain == place else 0.05
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


def layered(count: int, width: int = 100, needs: int = 3) -> Shape:
    """Layers of `width` steps without latency, each of which needs `needs` of the layer before."""

    def needed(n: int) -> tuple[str, ...]:
        before = n // width * width - width
        return tuple(f"t{before + (n + k) % width}" for k in range(needs)) if before >= 0 else ()

    return {f"t{n}": Step(needed(n)) for n in range(count)}


def chained(count: int) -> Shape:
    """One chain of steps without latency."""
    return {f"t{n}": Step((f"t{n - 1}",) if n else ()) for n in range(count)}


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
