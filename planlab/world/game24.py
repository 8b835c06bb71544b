"""The Game of 24: make 24 from the given numbers, each used once, with + - * / and parentheses.

Arithmetic is exact (`Fraction`), so that 8 / (3 - 8 / 3) counts. The game that Tree of Thoughts
(arXiv:2305.10601) is measured on.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import combinations

from planlab.errors import BadInput, ToolError
from planlab.world.calculator import evaluate, parse

MAX_NUMBERS = 6
_NODES = (ast.BinOp, ast.Constant, ast.Add, ast.Sub, ast.Mult, ast.Div)


@dataclass(frozen=True)
class Term:
    """A number, and how it was made; two terms are equal when their values are."""

    value: Fraction
    text: str = field(compare=False)


State = tuple[Term, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and why or why not; true or false as a condition."""

    right: bool
    reason: str

    def __bool__(self) -> bool:
        return self.right


def start(numbers: Sequence[int]) -> State:
    """The state before the first move; raises `BadInput`."""
    if not 1 <= len(numbers) <= MAX_NUMBERS or not all(type(n) is int and n >= 0 for n in numbers):
        raise BadInput(f"Game of 24: 1 to {MAX_NUMBERS} whole numbers from 0, not {numbers!r}.")
    return _sorted(Term(Fraction(number), str(number)) for number in numbers)


def moves(state: State) -> dict[str, State]:
    """Every legal next state, by the move that leads there, such as '10 - 4 = 6'.

    Two numbers are replaced by their sum, difference, product or quotient.

    >>> list(moves(start([2, 6])))
    ['2 + 6 = 8', '2 - 6 = -4', '6 - 2 = 4', '2 * 6 = 12', '2 / 6 = 1/3', '6 / 2 = 3']
    """
    found: dict[str, State] = {}
    for first, second in combinations(range(len(state)), 2):
        rest = [term for n, term in enumerate(state) if n not in (first, second)]
        for name, term in _combined(state[first], state[second]):
            found.setdefault(f"{name} = {term.value}", _sorted([*rest, term]))
    return found


def is_goal(state: State, target: int = 24) -> bool:
    """One number is left, and it is the target."""
    return len(state) == 1 and state[0].value == target


def check(expression: str, numbers: Sequence[int], target: int = 24) -> Verdict:
    """Is `expression` the target, made of exactly `numbers`?

    >>> check("8 / (3 - 8 / 3)", [3, 3, 8, 8])
    Verdict(right=True, reason='8 / (3 - 8 / 3) = 24')
    >>> check("3 * 8", [3, 3, 8, 8]).reason
    'it uses 3, 8, and not 3, 3, 8, 8'
    """
    if not re.fullmatch(r"[\d\s()+*/-]+", expression):
        return Verdict(False, "only whole numbers, + - * / and parentheses are allowed")
    try:
        nodes = list(ast.walk(parse(expression).body))
        value = evaluate(expression)
    except ToolError as error:
        return Verdict(False, error.message)
    if not all(isinstance(node, _NODES) for node in nodes):
        return Verdict(False, "only + - * / between two numbers are allowed")
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    used = sorted(value for value in constants if isinstance(value, int))
    if used != sorted(numbers):
        return Verdict(False, f"it uses {_listed(used)}, and not {_listed(sorted(numbers))}")
    return Verdict(value == target, f"{expression.strip()} = {value}")


def is_solvable(state: Sequence[int] | State, target: int = 24) -> bool:
    """Can the target still be reached from these numbers, or from this state?"""
    terms = [t if isinstance(t, Term) else start([t])[0] for t in state]
    return _reaches(_sorted(terms), Fraction(target))


def solve(numbers: Sequence[int], target: int = 24) -> tuple[str, ...]:
    """Solutions, sorted, each by another path of values; empty if the target cannot be made."""
    return tuple(sorted(set(_solutions(start(numbers), target))))


def _solutions(state: State, target: int) -> Iterator[str]:
    if is_goal(state, target):
        text = state[0].text
        yield text[1:-1] if text.startswith("(") else text
    for following in moves(state).values():
        if is_solvable(following, target):
            yield from _solutions(following, target)


@cache
def _reaches(state: State, target: Fraction) -> bool:
    if len(state) == 1:
        return state[0].value == target
    return any(_reaches(following, target) for following in moves(state).values())


def _combined(a: Term, b: Term) -> Iterator[tuple[str, Term]]:
    """What can be made of two terms, with the move's name."""
    results = [("+", a, b, a.value + b.value), ("-", a, b, a.value - b.value)]
    results += [("-", b, a, b.value - a.value), ("*", a, b, a.value * b.value)]
    results += [("/", x, y, x.value / y.value) for x, y in ((a, b), (b, a)) if y.value]
    for sign, x, y, value in results:
        yield f"{x.value} {sign} {y.value}", Term(value, f"({x.text} {sign} {y.text})")


def _sorted(terms: Iterable[Term]) -> State:
    return tuple(sorted(terms, key=lambda term: term.value))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
