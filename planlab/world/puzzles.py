"""The Game of 24 as a puzzle to search, the hard ones among them, and a simulated player.

`Guesser` plays the part of the model: it proposes and values as unreliably as GPT-4 did in the
published log of Tree of Thoughts (arXiv:2305.10601). It shows mechanisms, not what models can do.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import combinations_with_replacement, islice
from random import Random

from planlab.errors import BadArguments, BadInput
from planlab.world.game24 import State, is_goal, is_solvable, moves, start

# States after the first move that still can make 24, at most. Of four puzzles of the hundred that
# Tree of Thoughts is measured on, they are 3, 3, 6 and 7.
HARD = 8
SHARE = {4: 0.38, 3: 0.45, 2: 0.75}  # of the legal moves, by how many numbers are left
LIKELY = {True: 0.40, False: 0.79}  # of winning and losing states of three numbers
LIKELY_PAIR = 0.25  # of losing states of two numbers
VALUES = {"impossible": 0.0, "likely": 0.05, "sure": 1.0}  # as in Tree of Thoughts: 20 to 1


@dataclass(frozen=True)
class Game24:
    """One Game of 24; a state is the numbers that are left, an action such as '10 - 4 = 6'."""

    numbers: tuple[int, ...]

    @property
    def task(self) -> str:
        return (
            f"Game of 24: make 24 of {', '.join(map(str, self.numbers))}, each used once, with "
            "+ - * /. An action replaces two of the numbers that are left by one, and is written "
            "like '10 - 4 = 6'."
        )

    @property
    def start(self) -> State:
        return start(self.numbers)

    def step(self, state: State, action: str) -> State:
        try:
            return _moves(state, _texts(state))[action]
        except KeyError:
            raise BadArguments(
                f"{action!r} cannot be done with {self.describe(state)}: take two of the numbers, "
                "as in '10 - 4 = 6'."
            ) from None

    def is_goal(self, state: State) -> bool:
        return is_goal(state)

    def is_dead(self, state: State) -> bool:
        return len(state) == 1 and not is_goal(state)

    def key(self, state: State) -> State:
        return state

    def describe(self, state: State) -> str:
        return f"numbers left: {' '.join(str(term.value) for term in state)}"


@lru_cache(maxsize=256)
def _moves(state: State, texts: tuple[str, ...]) -> dict[str, State]:
    """`texts` keeps states apart that are equal and were made in different ways."""
    return moves(state)


def _texts(state: State) -> tuple[str, ...]:
    return tuple(term.text for term in state)


@cache
def hard_puzzles(count: int = 100, seed: int = 24, most: int = HARD) -> tuple[Game24, ...]:
    """`count` hard puzzles: in the order in which the seed shuffles all fours, those that are hard.

    Hard means: four numbers from 1 to 13 that can make 24, where at most `most` of the states after
    the first move still can.
    """
    fours = list(combinations_with_replacement(range(1, 14), 4))
    Random(seed).shuffle(fours)
    hard = (Game24(numbers) for numbers in fours if 1 <= winning_moves(numbers) <= most)
    drawn = tuple(islice(hard, count))
    if len(drawn) < count:
        raise BadInput(f"There are {len(drawn)} hard puzzles, so {count} of them cannot be drawn.")
    return drawn


def winning_moves(numbers: Sequence[int]) -> int:
    """How many states after the first move can still make 24."""
    states = dict.fromkeys(moves(start(numbers)).values())
    return sum(is_solvable(state) for state in states)


@dataclass
class Guesser:
    """Proposes and values like a model that is often wrong. *Simulated.*

    Of the legal first moves it proposes 38 %, winning or not, each time anew. Of three numbers it
    calls 40 % of the winning and 79 % of the losing states 'likely', always the same; the other
    winning ones 'sure', the other losing ones 'impossible'. These three figures are from the log.
    The rest is assumed: 45 % and 75 % of the later moves; winning pairs 'sure', losing ones
    'likely' in one case of four.

    `noise` is the share of labels that are replaced by one of the three at random. `habit` is the
    share of moves for which asking again changes nothing: never seen, or proposed each time.
    """

    seed: int = 0
    noise: float = 0.0
    habit: float = 0.0
    _asked: Counter[State] = field(default_factory=Counter, repr=False)

    def __post_init__(self) -> None:
        if not (0 <= self.noise <= 1 and 0 <= self.habit <= 1):
            raise BadInput(f"noise is {self.noise} and habit {self.habit}: each goes from 0 to 1.")

    def propose(self, state: State, lessons: Sequence[str] = ()) -> list[str]:
        """Some of the legal moves, in random order, without those that a lesson names."""
        ask = self._asked[state]
        self._asked[state] += 1
        habit, anew = self._random("habit", state), self._random("ask", state, ask)
        chosen = []
        for move in _moves(state, _texts(state)):
            is_fixed, each_time, now = habit.random() < self.habit, habit.random(), anew.random()
            if (each_time if is_fixed else now) < SHARE.get(len(state), SHARE[4]):
                chosen.append(move)
        anew.shuffle(chosen)
        return [move for move in chosen if not any(move in lesson for lesson in lessons)]

    def evaluate(self, state: State) -> float:
        """The value of the label that it gives to the state."""
        return VALUES[self.label(state)]

    def label(self, state: State) -> str:
        """'sure', 'likely' or 'impossible' to make 24."""
        random = self._random("label", state)
        if random.random() < self.noise:
            return random.choice(list(VALUES))
        wins = is_solvable(state)
        if len(state) > 3:
            return "likely"
        likely = LIKELY[wins] if len(state) == 3 else LIKELY_PAIR * (not wins)
        if random.random() < likely:
            return "likely"
        return "sure" if wins else "impossible"

    def _random(self, *about: object) -> Random:
        """A source of its own for each question: what was asked before changes nothing."""
        words = [" ".join(str(t.value) for t in a) if isinstance(a, tuple) else a for a in about]
        return Random(f"{self.seed} {words}")
