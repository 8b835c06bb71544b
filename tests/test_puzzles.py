"""The puzzles to search, and the simulated player of the Game of 24: as unreliable as it says."""

import json
import os
import subprocess
import sys
from random import Random

import pytest

from planlab.cost import Budget
from planlab.errors import BadArguments, BadInput
from planlab.patterns.search import best_first, breadth_first, greedy, run_lats
from planlab.records import Stop
from planlab.world import open_world
from planlab.world.game24 import check, is_solvable, moves, start
from planlab.world.puzzles import Game24, Guesser, hard_puzzles, winning_moves
from planlab.world.route import DiscountRoute, Offer, Order, acme_route, every_order


def states(count, numbers=4):
    """States met on the way in the hard puzzles, each once."""
    found = {}
    for puzzle in hard_puzzles(count):
        found[puzzle.start] = None
        if numbers < 4:
            found |= dict.fromkeys(moves(puzzle.start).values())
    return [state for state in found if len(state) == numbers]


# ---- Game of 24 --------------------------------------------------------------------------------


def test_the_hard_puzzles_are_as_the_rule_says():
    puzzles = hard_puzzles()
    assert len({puzzle.numbers for puzzle in puzzles}) == 100
    for puzzle in puzzles:
        assert len(puzzle.numbers) == 4
        assert all(1 <= number <= 13 for number in puzzle.numbers)
        assert 1 <= winning_moves(puzzle.numbers) <= 8


def test_the_hard_puzzles_are_drawn_by_their_seed():
    assert hard_puzzles(10, seed=1) == hard_puzzles(10, seed=1) != hard_puzzles(10, seed=2)


@pytest.mark.slow  # it tries every four
@pytest.mark.timeout(600)
def test_puzzles_that_are_not_there_cannot_be_drawn():
    with pytest.raises(BadInput, match="0 hard puzzles"):
        hard_puzzles(1, most=0)


def test_steps_lead_to_an_expression_that_the_checker_accepts():
    puzzle = Game24((2, 4, 6))
    state = puzzle.step(puzzle.start, "2 * 6 = 12")
    assert not puzzle.is_goal(state)
    assert puzzle.describe(state) == "numbers left: 4 12"
    assert puzzle.is_dead(puzzle.step(state, "4 + 12 = 16"))
    puzzle, end = Game24((3, 3, 8, 8)), start([3, 3, 8, 8])
    for move in ("8 / 3 = 8/3", "3 - 8/3 = 1/3", "8 / 1/3 = 24"):
        end = puzzle.step(end, move)
    assert puzzle.is_goal(end)
    assert check(end[0].text[1:-1], puzzle.numbers)


def test_equal_states_remember_how_each_was_made():
    puzzle = Game24((2, 2, 6))
    made = [puzzle.step(puzzle.start, move) for move in ("2 + 2 = 4", "2 * 2 = 4")]
    assert made[0] == made[1]
    ends = [puzzle.step(state, "4 * 6 = 24")[0].text for state in made]
    assert ends == ["((2 + 2) * 6)", "((2 * 2) * 6)"]


@pytest.mark.parametrize("action", ["5 + 5 = 10", "2 * 6 = 13", "", "2*6=12"])
def test_a_move_that_the_rules_do_not_allow_is_refused(action):
    with pytest.raises(BadArguments, match="two of the numbers"):
        Game24((2, 6)).step(start([2, 6]), action)


def test_winning_first_moves_are_proposed_in_38_of_100_cases():
    offered = seen = 0
    for state in states(100):
        winning = [move for move, after in moves(state).items() if is_solvable(after)]
        for seed in range(10):
            proposed = Guesser(seed=seed).propose(state)
            offered, seen = offered + len(winning), seen + len(set(winning) & set(proposed))
    assert seen / offered == pytest.approx(0.38, abs=0.02)


@pytest.mark.parametrize(("wins", "likely"), [(True, 0.40), (False, 0.79)])
def test_three_numbers_are_called_likely_as_often_as_in_the_log(wins, likely):
    some = [state for state in states(60, numbers=3) if is_solvable(state) == wins]
    labels = [Guesser(seed=seed).label(state) for state in some for seed in range(10)]
    assert len(labels) > 1_000
    assert labels.count("likely") / len(labels) == pytest.approx(likely, abs=0.03)
    assert set(labels) == {"likely", "sure" if wins else "impossible"}


def test_further_noise_replaces_that_share_of_the_labels():
    some = states(60, numbers=3)
    changed = [Guesser().label(s) != Guesser(noise=0.3).label(s) for s in some]
    # A third of the replacements draws the same label again.
    assert sum(changed) / len(changed) == pytest.approx(0.2, abs=0.05)


def test_asking_again_gives_other_proposals_unless_it_is_a_habit():
    state = start([4, 5, 6, 10])
    fresh, stubborn = Guesser(), Guesser(habit=1.0)
    assert set(fresh.propose(state)) != set(fresh.propose(state))
    assert set(stubborn.propose(state)) == set(stubborn.propose(state))


def test_a_move_that_a_lesson_names_is_not_proposed_again():
    state = start([4, 6])
    proposed = Guesser().propose(state)
    assert proposed[0] not in Guesser().propose(state, [f"After {proposed[0]} nothing was left."])


def test_the_player_is_the_same_whatever_the_hash_seed():
    program = (
        "import json; from planlab.world.puzzles import *; g = Guesser(seed=3, noise=0.2); "
        "s = [p.start for p in hard_puzzles(5)]; "
        "print(json.dumps([[g.propose(x), g.propose(x), g.evaluate(x)] for x in s]))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert json.loads(told[0])


@pytest.mark.parametrize("wrong", [{"noise": 1.1}, {"noise": -0.1}, {"habit": 2.0}])
def test_shares_outside_0_to_1_are_refused(wrong):
    with pytest.raises(BadInput):
        Guesser(**wrong)


async def test_lats_solves_more_hard_puzzles_than_greedy_at_the_same_budget():
    solved = {"greedy": 0, "lats": 0}
    for number, puzzle in enumerate(hard_puzzles(12)):
        for name in solved:
            player, budget = Guesser(), Budget(calls=150)
            roles = {"propose": player.propose, "evaluate": player.evaluate, "budget": budget}
            if name == "greedy":
                found = await greedy(puzzle, **roles)
            else:
                found = await run_lats(puzzle, **roles, rng=Random(number))
            solved[name] += found.answer is not None
    assert solved["lats"] >= solved["greedy"] + 5


# ---- discounts ---------------------------------------------------------------------------------

A, B, C = Offer("a", percent=50), Offer("b", cents=1_000, ends=("a",)), Offer("c", needs=("b",))


def test_the_order_of_offers_matters_and_the_rules_hold():
    route = DiscountRoute(10_000, 4_000, (A, B, C))
    assert route.actions(route.start) == ["a", "b"]
    after_b = route.step(route.start, "b")
    assert (after_b, route.actions(after_b)) == (Order(9_000, ("b",)), ["c"])
    both = route.step(route.step(route.start, "a"), "b")
    assert (both.cents, route.is_goal(both)) == (4_000, True)
    assert route.is_dead(route.step(after_b, "c"))


@pytest.mark.parametrize("action", ["c", "d", ""])
def test_an_offer_that_cannot_be_taken_is_refused_with_those_that_can(action):
    route = DiscountRoute(10_000, 4_000, (A, B, C))
    with pytest.raises(BadArguments, match="what can: a, b"):
        route.step(route.start, action)


def test_a_price_never_falls_below_nothing():
    route = DiscountRoute(500, 0, (B,))
    assert route.step(route.start, "b").cents == 0


async def test_acmes_route_is_found_by_going_back_and_not_by_greed():
    with open_world() as world:
        route = acme_route(world)
    assert route.price == 42_000  # the price book's $42 for 10 seats
    assert min(order.cents for order in every_order(route)) == route.target
    roles = {"propose": lambda state, lessons: route.actions(state), "evaluate": route.value}
    for search in (greedy, breadth_first):
        found = await search(route, **roles, budget=Budget(calls=150))
        assert found.stop == Stop.STUCK
    lats = await run_lats(route, **roles, budget=Budget(calls=150), rng=Random(0), c=1.0)
    first = await best_first(route, **roles, budget=Budget(calls=150))
    for found in (lats, first):
        assert found.stop == Stop.ANSWERED


async def test_a_price_that_no_offer_reaches_ends_as_unsolvable():
    with open_world() as world:
        route = acme_route(world)
    below = DiscountRoute(route.price, route.target - 1)
    roles = {"propose": lambda state, lessons: below.actions(state), "evaluate": below.value}
    found = await run_lats(below, **roles, budget=Budget(), rng=Random(0))
    assert found.stop == Stop.UNSOLVABLE
