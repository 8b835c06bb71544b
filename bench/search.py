"""Searches at equal budgets on 100 hard Games of 24, played by a simulated model (*Simulated*).

    python bench/search.py [--puzzles 100] [--seeds 5] [--calls 150]

Prints the share solved and the mean calls, each with its 95 % interval, at 0, 15 and 30 % further
noise, and again for puzzles on which no option was chosen. Then, with one seed: defects of
published searches, written afresh, and what the figures depend on: how hard the puzzles are, how
often asking again changes nothing, the options. For the intervals a puzzle counts once, its seeds
averaged, since they are not independent.

The goal: the best solves 95 % with 40 calls on average, and 85 % at 30 % further noise.
"""

import argparse
import asyncio
import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from random import Random

from planlab.cost import Budget
from planlab.patterns import search
from planlab.patterns.search import Found, best_first, best_of_n, breadth_first, greedy, run_lats
from planlab.searching import Path, Puzzle, Tree, explore
from planlab.uct import Node, uct
from planlab.world.puzzles import Game24, Guesser, hard_puzzles
from planlab.world.route import DiscountRoute, Order, every_order

Play = Callable[[Puzzle, dict, Budget, Random], Awaitable[Found]]
NOISES = (0.0, 0.15, 0.30)
ENDS = (0.0, 0.30)


def valued(pattern: Callable[..., Awaitable[Found]], **options: object) -> Play:
    return lambda puzzle, roles, budget, rng: pattern(puzzle, **roles, budget=budget, **options)


def lats(**options: object) -> Play:
    return lambda puzzle, roles, budget, rng: run_lats(
        puzzle, **roles, budget=budget, rng=rng, **options
    )


def tries(puzzle: Puzzle, roles: dict, budget: Budget, rng: Random) -> Awaitable[Found]:
    return best_of_n(puzzle, propose=roles["propose"], budget=budget, rng=rng)


SEARCHES = {
    "greedy": valued(greedy),
    "best of n": tries,
    "breadth first, b = 5": valued(breadth_first),
    "best first": valued(best_first),
    "LATS": lats(),
}


OPTIONS = {f"LATS, c = {c}": lats(c=c) for c in (0.0, 0.01, 0.05, 0.2, 0.5, 1.4)} | {
    "LATS, max": lats(backup="max"),
    "LATS, never walks on": lats(promise=2.0),
    "LATS, always walks on": lats(promise=0.0),
    "LATS, asks once": lats(patience=1, again=1e-9),
    "best first, asks once": valued(best_first, patience=1, again=1e-9),
}


# ---- defects -----------------------------------------------------------------------------------


class Divided(search._Lats):
    """The mean is divided by the visits a second time."""

    def score(self, node: Node) -> float:
        value = node.mean / max(1, node.visits)
        return uct(value, node.visits, node.parent.visits, self.c)


class Endless(Tree):
    """A state without proposals is a leaf like any other: it is chosen, and asked, for ever."""

    def is_end(self, node: Node) -> bool:
        return self.puzzle.is_goal(node.state)


def built(kind: type[search._Lats], tree: type[Tree] = Tree, **options: object) -> Play:
    """LATS with parts exchanged, and otherwise the options of `run_lats`."""
    given = {"reflect": None, "c": 0.01, "promise": 0.5, "again": 0.65, "patience": 3}

    def play(puzzle: Puzzle, roles: dict, budget: Budget, rng: Random) -> Awaitable[Found]:
        grown = tree(puzzle, **roles, budget=budget)
        run = kind(grown, rng, **{**given, "backup": "mean", **options})
        return explore("variant", grown, run.search)

    return play


async def by_mean(puzzle: Puzzle, roles: dict, budget: Budget, rng: Random) -> Found:
    """The path is read off the tree: down the best means, however few visits are behind them."""
    found = await run_lats(puzzle, **roles, budget=budget, rng=rng, promise=2.0)
    node = found.detail.nodes[0]
    while visited := [child for child in node.children if child.visits]:
        node = max(visited, key=lambda child: child.mean)
    return replace(found, answer=node.path if puzzle.is_goal(node.state) else None)


class AtTheEnd(DiscountRoute):
    """The goal is looked for only where there is no way on."""

    def is_goal(self, state: Order) -> bool:
        return super().is_goal(state) and not self.actions(state)

    def is_dead(self, state: Order) -> bool:
        return not self.is_goal(state) and not self.actions(state)


DEFECTS = {
    "LATS": lats(),
    "mean divided again": built(Divided),
    "leaf chosen for ever": built(search._Lats, Endless),
    "LATS, never walks on": lats(promise=2.0),
    "its path by single means": by_mean,
}


# ---- measuring ---------------------------------------------------------------------------------


async def measure(
    play: Play, puzzles: Sequence[Game24], seeds: int, calls: int, **model: float
) -> str:
    """The share solved and the mean calls, as a line."""
    solved, made = [], []
    for number, puzzle in enumerate(puzzles):
        runs = []
        for seed in range(seeds):
            player = Guesser(seed=seed, **model)
            roles = {"propose": player.propose, "evaluate": player.evaluate}
            rng = Random(f"{seed} {number}")
            runs.append(await play(puzzle, roles, Budget(calls=calls), rng))
        solved.append(statistics.mean(is_solution(puzzle, run.answer) for run in runs))
        made.append(statistics.mean(run.detail.calls for run in runs))
    return f"{share(solved)}  {line(made)}"


def is_solution(puzzle: Puzzle, path: Path | None) -> bool:
    """Judged by the puzzle, step by step, whatever the search said."""
    state = puzzle.start
    for action in path or ():
        state = puzzle.step(state, action)
    return path is not None and puzzle.is_goal(state)


def share(solved: Sequence[float], z: float = 1.96) -> str:
    """In percent, with Wilson's 95 % interval."""
    n, p = len(solved), statistics.mean(solved)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"{100 * p:5.1f} ({100 * (middle - half):.0f} to {100 * (middle + half):.0f}) %"


def line(calls: Sequence[float]) -> str:
    """The mean, with half of its 95 % interval."""
    spread = statistics.stdev(calls) if len(calls) > 1 else math.nan
    half = 1.96 * spread / math.sqrt(len(calls))
    return f"{statistics.mean(calls):5.1f} ± {half:3.1f} calls"


async def table(title: str, rows: dict[str, Play], noises: Sequence[float], **more) -> None:
    print(f"\n{title:26}" + "".join(f"{f'further noise {noise:.0%}':34}" for noise in noises))
    for name, play in rows.items():
        cells = [await measure(play, noise=noise, **more) for noise in noises]
        print(f"{name:26}" + "".join(f"{cell:34}" for cell in cells).rstrip(), flush=True)


def routes(count: int) -> list[DiscountRoute]:
    """Random orders, each to be brought to a price that two or three offers make possible."""
    rng, made = Random(24), []
    for _ in range(count):
        price = rng.randrange(20_000, 80_000, 100)
        full = DiscountRoute(price, target=-1)
        within = [o.cents for o in every_order(full) if len(o.taken) in (2, 3) and o.cents < price]
        made.append(DiscountRoute(price, rng.choice(within)))
    return made


async def past_the_goal(count: int, calls: int) -> None:
    print(f"\n{f'{count} discount routes':26}solved, calls, steps beyond the first goal")
    for name, kind in {"LATS": DiscountRoute, "goal seen at ends only": AtTheEnd}.items():
        solved, made, beyond = [], [], []
        for number, route in enumerate(routes(count)):
            puzzle = kind(route.price, route.target)
            roles = {"propose": lambda s, _, p=puzzle: p.actions(s), "evaluate": route.value}
            run = await lats(c=0.5)(puzzle, roles, Budget(calls=calls), Random(number))
            solved.append(is_solution(route, run.answer))
            made.append(run.detail.calls)
            beyond.append(len(run.answer) - first_goal(route, run.answer) if run.answer else 0)
        print(f"{name:26}{share(solved)}  {line(made)}  {statistics.mean(beyond):.2f} steps")


def first_goal(route: DiscountRoute, path: Path) -> int:
    """How many steps of the path lead to the goal for the first time."""
    state = route.start
    for number, action in enumerate(path, start=1):
        state = route.step(state, action)
        if route.is_goal(state):
            return number
    return len(path)


async def main(puzzles: int, seeds: int, calls: int) -> None:
    more = {"puzzles": hard_puzzles(puzzles), "calls": calls}
    await table("search", SEARCHES, NOISES, seeds=seeds, **more)
    three = {name: SEARCHES[name] for name in ("breadth first, b = 5", "best first", "LATS")}
    others = {"puzzles": hard_puzzles(puzzles, seed=25), "calls": calls}
    await table("other puzzles", three, ENDS, seeds=min(2, seeds), **others)
    await table("defects", DEFECTS, ENDS, seeds=1, **more)
    await past_the_goal(puzzles, calls)
    for most in (2, 4, 21):
        puzzled = {"puzzles": hard_puzzles(puzzles, most=most), "calls": calls}
        await table(f"winning firsts <= {most}", three, ENDS, seeds=1, **puzzled)
    for habit in (0.25, 0.5, 1.0):
        await table(f"asking in vain: {habit:.0%}", three, ENDS, seeds=1, habit=habit, **more)
    await table("options", OPTIONS, ENDS, seeds=1, **more)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--puzzles", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=150)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.puzzles, arguments.seeds, arguments.calls))
