"""The searches: what UCT books, what budgets hold, when a solution is found, how each run ends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planlab import connect
from planlab.cost import Budget
from planlab.errors import BadInput, MalformedAnswer, NoReply, ToolFailed
from planlab.patterns.search import best_first, best_of_n, breadth_first, greedy, run_lats
from planlab.records import Stop
from planlab.searching import evaluating, proposing, reflecting
from planlab.uct import Node, backpropagate, uct
from planlab.world.puzzles import Game24

STATES = 9


@dataclass(frozen=True)
class Maze:
    """Rooms 0 to 8 with doors between them; from 0, one of `goals` is looked for."""

    doors: dict[int, list[int]]
    goals: frozenset[int] = frozenset()
    task: str = "Find the exit."
    start: int = 0

    def step(self, state: int, action: str) -> int:
        if action not in self.actions(state):
            raise ToolFailed(f"No door leads from {state} to {action}.")
        return int(action)

    def actions(self, state: int) -> list[str]:
        return [str(room) for room in self.doors.get(state, [])]

    def is_goal(self, state: int) -> bool:
        return state in self.goals

    def is_dead(self, state: int) -> bool:
        return not self.is_goal(state) and not self.doors.get(state)

    def key(self, state: int) -> int:
        return state

    def describe(self, state: int) -> str:
        return f"room {state}"

    def distance(self) -> int | None:
        """Steps from the start to the nearest goal, by brute force; None if there is no way."""
        seen, rooms, steps = {0}, {0}, 0
        while rooms:
            if rooms & self.goals:
                return steps
            rooms = {door for room in rooms for door in self.doors.get(room, [])} - seen
            seen |= rooms
            steps += 1
        return None


@dataclass
class Player:
    """Proposes some of the doors and values rooms at random, both from a seed; counts its calls."""

    maze: Maze
    seed: int = 0
    share: float = 0.7
    calls: int = 0
    told: list[tuple[str, ...]] = field(default_factory=list)

    def propose(self, state: int, lessons: Sequence[str]) -> list[str]:
        self.calls += 1
        self.told.append(tuple(lessons))
        rng = Random(f"{self.seed} {state} {self.calls}")
        return [door for door in self.maze.actions(state) if rng.random() < self.share]

    async def evaluate(self, state: int) -> float:
        self.calls += 1
        return Random(f"{self.seed} {state}").random()


rooms = st.integers(0, STATES - 1)
mazes = st.builds(
    Maze,
    doors=st.dictionaries(rooms, st.lists(rooms, max_size=4), max_size=STATES),
    goals=st.frozensets(rooms, max_size=1),
)
players = st.builds(Player, maze=mazes, seed=st.integers(0, 99), share=st.floats(0, 1))


async def lats(player, budget=None, rng=None, **more):
    return await run_lats(
        player.maze,
        propose=player.propose,
        evaluate=player.evaluate,
        budget=budget or Budget(calls=60),
        rng=rng or Random(0),
        **more,
    )


async def every_search(player, calls, **more):
    roles = {"propose": player.propose, "evaluate": player.evaluate}
    for search in (greedy, breadth_first, best_first):
        yield await search(player.maze, **roles, budget=Budget(calls=calls), **more)
    yield await run_lats(player.maze, **roles, budget=Budget(calls=calls), rng=Random(1), **more)
    roles.pop("evaluate")
    yield await best_of_n(player.maze, **roles, budget=Budget(calls=calls), rng=Random(1), **more)


# ---- what is booked ----------------------------------------------------------------------------


@given(st.floats(0, 1), st.integers(1, 10_000), st.integers(1, 10_000), st.floats(0, 3))
def test_uct_is_the_mean_and_a_bonus_for_being_seldom_visited(value, visits, above, c):
    by_hand = value + c * (math.log(above) / visits) ** 0.5
    assert uct(value, visits, above, c) == pytest.approx(by_hand, abs=1e-12)
    assert uct(value, 0, above, c) == math.inf


@given(st.lists(st.tuples(st.integers(0, 99), st.floats(0, 1)), max_size=40))
def test_a_rollout_counts_for_the_node_and_all_above_it(rollouts):
    nodes = [Node("root")]
    for number in range(20):
        nodes.append(Node("below", parent=nodes[number // 2]))
    booked = {id(node): [] for node in nodes}
    for which, reward in rollouts:
        node = nodes[which % len(nodes)]
        backpropagate(node, reward)
        for above in node.line:
            booked[id(above)].append(reward)
    for node in nodes:
        rewards = booked[id(node)]
        assert node.visits == len(rewards)
        assert node.mean == pytest.approx(sum(rewards) / len(rewards) if rewards else 0.0)
        assert node.best == max(rewards, default=0.0)


@given(players, st.sampled_from([0.0, 0.5, 2.0]), st.sampled_from(["mean", "max"]))
async def test_visits_are_ones_own_and_those_of_the_children(player, promise, backup):
    found = await lats(player, promise=promise, backup=backup)
    for node in found.detail.nodes:
        below = sum(child.visits for child in node.children)
        own = 1 if node.visits and node.parent else 0
        assert node.visits == own + below
        total = sum(child.total for child in node.children) + own * (node.value or 0.0)
        assert node.total == pytest.approx(total)


@given(players)
async def test_no_state_is_found_twice_but_by_a_shorter_way(player):
    found = await lats(player)
    depths = {}
    for node in found.detail.nodes:
        assert len(node.path) < depths.get(node.state, math.inf)
        depths[node.state] = len(node.path)


# ---- what is found, and how a run ends ---------------------------------------------------------


async def test_a_lesson_is_paid_for():
    budget = Budget(calls=30)
    player = Player(Maze({0: [1, 2], 1: [3], 2: [4]}), share=1.0)
    found = await lats(player, budget, reflect=lambda path, state: "No way there.")
    assert found.detail.lessons
    assert budget.spent.calls == player.calls + len(found.detail.lessons) == found.detail.calls


@given(players, st.integers(0, 30))
async def test_no_search_makes_a_call_beyond_its_budget(player, calls):
    async for found in every_search(player, calls):
        assert found.detail.calls <= calls
        assert found.detail.calls == player.calls
        player.calls = 0


@given(players, st.integers(0, 6))
async def test_an_answer_leads_to_the_goal_in_the_real_puzzle_and_stops_there(player, depth):
    async for found in every_search(player, 40, depth=depth):
        assert (found.answer is not None) == (found.stop == Stop.ANSWERED)
        if found.answer is not None:
            state, passed = player.maze.start, []
            for action in found.answer:
                passed.append(state)
                state = player.maze.step(state, action)
            assert player.maze.is_goal(state)
            assert not any(player.maze.is_goal(before) for before in passed)
            assert len(found.answer) <= depth


@settings(max_examples=200)
@given(mazes, st.integers(0, 9), st.integers(0, 99), st.sampled_from([0.0, 0.5, 2.0]))
async def test_lats_finds_the_goal_exactly_when_brute_force_does(maze, depth, seed, promise):
    player, rng = Player(maze, seed, share=1.0), Random(seed)
    found = await lats(player, Budget(), rng, depth=depth, promise=promise)
    distance = maze.distance()
    reachable = distance is not None and distance <= depth
    assert found.stop == (Stop.ANSWERED if reachable else Stop.UNSOLVABLE)


@settings(max_examples=200)
@given(mazes, st.integers(0, 9))
async def test_best_first_does_too(maze, depth):
    player = Player(maze, share=1.0)
    found = await best_first(
        maze, propose=player.propose, evaluate=player.evaluate, budget=Budget(), depth=depth
    )
    distance = maze.distance()
    reachable = distance is not None and distance <= depth
    assert found.stop == (Stop.ANSWERED if reachable else Stop.UNSOLVABLE)


@given(players, st.integers(0, 99))
async def test_the_same_seed_gives_the_same_search(player, seed):
    def shape(found):
        return [(n.state, n.visits, n.total, n.born) for n in found.detail.nodes]

    first = await lats(player, rng=Random(seed))
    player.calls = 0
    assert shape(await lats(player, rng=Random(seed))) == shape(first)


async def test_what_was_not_proposed_at_first_is_asked_for_again():
    maze = Maze({0: [1, 2], 1: [], 2: [3]}, frozenset({3}))
    at_first = iter([["1"], ["1"]])
    found = await run_lats(
        maze,
        propose=lambda state, lessons: next(at_first, maze.actions(state)),
        evaluate=lambda state: 0.1,
        budget=Budget(calls=20),
        rng=Random(0),
    )
    assert found.answer == ("2", "3")


async def test_a_state_first_found_by_a_long_way_is_taken_up_again_by_a_short_one():
    maze = Maze({0: [1, 2], 1: [2], 2: [3]}, frozenset({3}))
    at_first = iter([["1"]])
    found = await run_lats(
        maze,
        propose=lambda state, lessons: next(at_first, maze.actions(state)),
        evaluate=lambda state: 0.9,
        budget=Budget(calls=20),
        rng=Random(0),
        depth=2,
    )
    assert found.answer == ("2", "3")


async def test_nothing_proposed_ends_the_search_and_leaves_money_over():
    player = Player(Maze({0: [1], 1: [2]}, frozenset({2})), share=0.0)
    found = await lats(player, patience=3)
    assert (found.stop, found.answer, found.detail.calls) == (Stop.UNSOLVABLE, None, 3)


@pytest.mark.parametrize(
    ("start_is", "stop", "answer"), [("goal", Stop.ANSWERED, ()), ("dead", Stop.UNSOLVABLE, None)]
)
async def test_a_start_that_is_an_end_costs_nothing(start_is, stop, answer):
    player = Player(Maze({}, frozenset({0} if start_is == "goal" else ())))
    async for found in every_search(player, 10):
        assert (found.stop, found.answer, found.detail.calls) == (stop, answer, 0)


async def test_a_budget_that_ends_leaves_the_best_state_so_far():
    maze = Maze({0: [1, 2], 1: [3], 2: [4], 3: [5], 4: [6]}, frozenset({6}))
    values = {1: 0.2, 2: 0.4}
    found = await run_lats(
        maze,
        propose=lambda state, lessons: maze.actions(state),
        evaluate=lambda state: values[state],
        budget=Budget(calls=3),
        rng=Random(0),
    )
    assert (found.stop, found.answer, found.detail.best) == (Stop.BUDGET, None, ("2",))


async def test_greedy_never_goes_back_and_lats_does():
    maze = Maze({0: [1, 2], 1: [3], 2: [4]}, frozenset({4}))
    roles = {
        "propose": lambda state, lessons: maze.actions(state),
        "evaluate": lambda state: {1: 0.9, 2: 0.1}[state],
    }
    once = await greedy(maze, **roles, budget=Budget(calls=30))
    back = await run_lats(maze, **roles, budget=Budget(calls=30), rng=Random(0))
    assert (once.stop, back.answer) == (Stop.STUCK, ("2", "4"))


async def test_a_lesson_from_a_dead_end_is_told_to_whoever_proposes_next():
    maze = Maze({0: [1, 2], 1: [3], 2: [4], 4: [5]}, frozenset({5}))
    player = Player(maze, share=1.0)
    found = await run_lats(
        maze,
        propose=player.propose,
        evaluate=lambda state: {1: 0.9}.get(state, 0.1),
        reflect=lambda path, state: f"{'-'.join(path)} ends in {state}",
        budget=Budget(calls=30),
        rng=Random(0),
    )
    assert found.stop == Stop.ANSWERED
    assert found.detail.lessons == ("1-3 ends in 3",)
    assert player.told[0] == ()
    assert player.told[-1] == ("1-3 ends in 3",)


# ---- bad input ---------------------------------------------------------------------------------

SMALL = Maze({0: [1, 2], 1: [3], 2: [3]}, frozenset())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 1.1, None, "0.5"])
async def test_a_value_that_is_none_ends_the_run_and_is_named(value):
    found = await run_lats(
        SMALL,
        propose=Player(SMALL, share=1.0).propose,
        evaluate=lambda state: value,
        budget=Budget(calls=9),
        rng=Random(0),
    )
    assert found.stop == Stop.FAILED
    assert isinstance(found.detail.error, MalformedAnswer)
    assert "room 1" in str(found.detail.error)


async def test_a_role_that_raises_ends_the_run_and_keeps_what_was_found():
    def evaluate(state):
        raise NoReply("The model did not answer.")

    player = Player(SMALL, share=1.0)
    found = await run_lats(
        SMALL, propose=player.propose, evaluate=evaluate, budget=Budget(calls=9), rng=Random(0)
    )
    assert (found.stop, str(found.detail.error)) == (Stop.FAILED, "The model did not answer.")
    assert len(found.detail.nodes) == 3


async def test_what_the_puzzle_does_not_allow_is_refused_and_reported():
    found = await run_lats(
        SMALL,
        propose=lambda state, lessons: ["7", "1", "1"],
        evaluate=lambda state: 0.5,
        budget=Budget(calls=40),
        rng=Random(0),
    )
    assert found.stop == Stop.UNSOLVABLE
    assert set(found.detail.refused) == {"7", "1"}  # from room 1 nothing leads to 1


@pytest.mark.parametrize("proposed", ["1", [1], [None]])
async def test_proposals_that_are_no_list_of_texts_are_the_callers_mistake(proposed):
    with pytest.raises(BadInput, match="list of actions"):
        await run_lats(
            SMALL,
            propose=lambda state, lessons: proposed,
            evaluate=lambda state: 0.5,
            budget=Budget(calls=9),
            rng=Random(0),
        )


@pytest.mark.parametrize(
    "options",
    [
        {"again": 0},
        {"again": 1.1},
        {"patience": 0},
        {"backup": "sum"},
        {"depth": -1},
        {"c": math.nan},
        {"c": -1.0},
    ],
)
async def test_options_without_meaning_are_refused(options):
    with pytest.raises(BadInput):
        await lats(Player(SMALL), **options)


async def test_models_can_play_every_role():
    model, puzzle = connect(), Game24((4, 6))
    found = await run_lats(
        puzzle,
        propose=proposing(model, puzzle),
        evaluate=evaluating(model, puzzle),
        reflect=reflecting(model, puzzle),
        budget=Budget(calls=8),
        rng=Random(0),
    )
    assert found.stop in (Stop.ANSWERED, Stop.UNSOLVABLE, Stop.BUDGET)
    assert found.usage.calls >= found.detail.calls > 0
