"""Game of 24: the checker, the moves and the solver, against a brute force of another shape."""

import operator
from fractions import Fraction
from itertools import combinations_with_replacement, permutations, product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlab.errors import BadInput
from planlab.world.game24 import Term, check, is_goal, is_solvable, moves, solve, start

_SIGNS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def brute_force(numbers, target=24):
    """All orders, all operators, all five ways to set parentheses."""
    for a, b, c, d in permutations(map(Fraction, numbers)):
        for f, g, h in product(_SIGNS.values(), repeat=3):
            for shape in (
                lambda: h(g(f(a, b), c), d),  # noqa: B023
                lambda: h(f(a, g(b, c)), d),  # noqa: B023
                lambda: g(f(a, b), h(c, d)),  # noqa: B023
                lambda: f(a, h(g(b, c), d)),  # noqa: B023
                lambda: f(a, g(b, h(c, d))),  # noqa: B023
            ):
                try:
                    if shape() == target:
                        return True
                except ZeroDivisionError:
                    pass
    return False


def test_the_solver_agrees_with_brute_force():
    rng = Random(24)
    puzzles = [[rng.randint(0, 13) for _ in range(4)] for _ in range(60)]
    assert [is_solvable(p) for p in puzzles] == [brute_force(p) for p in puzzles]


def test_some_puzzles_have_a_solution_and_some_have_none():
    puzzles = list(combinations_with_replacement(range(1, 8), 4))
    solvable = sum(is_solvable(p) for p in puzzles)
    assert 0 < solvable < len(puzzles)


@given(st.lists(st.integers(0, 13), min_size=1, max_size=4), st.integers(0, 30))
def test_every_solution_passes_the_check(numbers, target):
    found = solve(numbers, target)
    assert bool(found) == is_solvable(numbers, target)
    assert all(check(solution, numbers, target) for solution in found)


def test_fractions_are_exact():
    assert check("8 / (3 - 8 / 3)", [8, 8, 3, 3])
    assert solve([3, 3, 8, 8])


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("4 * 6", "uses"),
        ("4 * 6 * 1 * 1 * 1", "uses"),
        ("46 - 22 * 1", "uses"),
        ("4 * 6 + 1 - 1 - 0", "uses"),
        ("1 * 1 * 4 + 6", "= 10"),
        ("-1 * -1 * 4 * 6", "between two numbers"),
        ("4 * 6 ** 1 ** 1", "between two numbers"),
        ("4 * 6 // 1 // 1", "between two numbers"),
        ("4 * 6 / (1 - 1)", "zero"),
        ("4 * 6 * 1 * 1 = 24", "only"),
        ("4 * 6.0 * 1 * 1", "only"),
        ("24", "uses"),
        ("", "only"),
        ("   ", "empty"),
        ("4 *", "cannot be read"),
        ("four * six", "only"),
        ("max(4, 6) * 1 * 1", "only"),
        ("0" + "+0" * 400, "longer"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_reason(expression, reason):
    verdict = check(expression, [1, 1, 4, 6])
    assert not verdict
    assert reason in verdict.reason


@given(st.lists(st.integers(0, 13), min_size=2, max_size=4))
def test_a_move_combines_two_numbers_and_leaves_the_others(numbers):
    state = start(numbers)
    for move, following in moves(state).items():
        left, sign, right, _, made = move.split()
        used = [Fraction(left), Fraction(right)]
        assert _SIGNS[sign](*used) == Fraction(made)
        before = sorted([term.value for term in state] + [Fraction(made)])
        assert sorted([term.value for term in following] + used) == before


def test_the_last_number_has_no_moves_and_is_the_goal_or_not():
    assert moves(start([24])) == {}
    assert is_goal(start([24]))
    assert not is_goal(start([23]))
    assert not is_goal(start([24, 0]))


def test_a_dead_state_is_known_before_its_end():
    assert is_solvable(moves(start([4, 6, 1, 1]))["1 * 1 = 1"])
    assert not is_solvable(start([1, 1, 1]))


def test_states_with_the_same_values_are_equal_however_they_were_made():
    assert Term(Fraction(4), "4") == Term(Fraction(4), "(2 + 2)")
    assert start([4, 1]) == start([1, 4])


@pytest.mark.parametrize("numbers", [[], [1] * 7, [-1], [1.5], ["4"], [True]])
def test_numbers_that_are_no_puzzle_are_refused(numbers):
    with pytest.raises(BadInput, match="whole numbers"):
        start(numbers)
