"""Searches on hard Games of 24 at equal budgets, played by a simulated model.

The run of seed n plays the n-th hard puzzle, once, with a player of that seed; the runs of a cell
are independent, and those of one seed have puzzle and player in common. Whether a puzzle was solved
is judged by the puzzle itself. A search does not know its budget: what it does in its first n calls
is what it does with n calls. So a run of `budget` calls tells of every smaller budget too.

Conditions: the share of labels that are replaced at random (`noise`); the share of moves for which
asking again changes nothing (`habit`); the calls that a run may make (`budget`).
"""

from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

from planlab.compare.rows import Conditions, Grid, Outcome, Study
from planlab.cost import Budget
from planlab.patterns.search import Found, best_first, best_of_n, breadth_first, greedy, run_lats
from planlab.searching import Path
from planlab.world.game24 import State
from planlab.world.puzzles import Game24, Guesser, hard_puzzles

PUZZLES = 200

Run = Awaitable[Found[State]]
Play = Callable[[Game24, Guesser, Budget, Random], Run]


def valuing(search: Callable[..., Run], **options: Any) -> Play:
    """A search that values states, without chance in it."""

    def play(puzzle: Game24, player: Guesser, budget: Budget, rng: Random) -> Run:
        roles = {"propose": player.propose, "evaluate": player.evaluate}
        return search(puzzle, **roles, budget=budget, **options)

    return play


def lats(**options: Any) -> Play:
    """LATS, with options of `run_lats`."""
    return lambda puzzle, player, budget, rng: run_lats(
        puzzle,
        propose=player.propose,
        evaluate=player.evaluate,
        budget=budget,
        rng=rng,
        **options,
    )


def tries(puzzle: Game24, player: Guesser, budget: Budget, rng: Random) -> Run:
    """Best of n, for as many tries as the budget pays."""
    return best_of_n(puzzle, propose=player.propose, budget=budget, rng=rng)


ONCE: Mapping[str, Any] = {"patience": 1, "again": 1e-9}  # a state is asked once
SYSTEMS: Mapping[str, Play] = {
    "greedy": valuing(greedy),
    "best of n": tries,
    "breadth first, b = 5": valuing(breadth_first),
    "best first": valuing(best_first),
    "LATS": lats(),
    "breadth first, b = 20": valuing(breadth_first, beam=20),
    "best first, asks once": valuing(best_first, **ONCE),
    "LATS, asks once": lats(**ONCE),
}


async def run(system: str, conditions: Conditions, seed: int) -> Outcome:
    """One puzzle, played once, with everything in it drawn from `seed`."""
    puzzle = hard_puzzles(PUZZLES)[seed % PUZZLES]
    player = Guesser(seed=seed, noise=conditions["noise"], habit=conditions["habit"])
    budget = Budget(calls=int(conditions["budget"]))
    found = await SYSTEMS[system](puzzle, player, budget, Random(seed))
    right = is_solution(puzzle, found.answer)
    return Outcome(right, found.stop.value, found.detail.calls, 0, 0.0, "")


def is_solution(puzzle: Game24, path: Path | None) -> bool:
    """Judged by the puzzle, step by step, whatever the search said."""
    state = puzzle.start
    for action in path or ():
        state = puzzle.step(state, action)
    return path is not None and puzzle.is_goal(state)


ALL = tuple(SYSTEMS)
STUDY = Study(
    name="search",
    base={"noise": 0, "habit": 0, "budget": 150},
    grids=(
        Grid({"noise": (0, 0.15, 0.3, 0.5, 0.75, 1)}, ALL[:5]),
        Grid({"noise": (0, 0.3)}, ALL[5:]),
        Grid({"habit": (0.5, 1)}, ALL[2:5]),
    ),
    run=run,
)
