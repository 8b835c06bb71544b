"""The longest chain and the bound, held against every chain of small random graphs."""

import math
import random

import pytest

from planlab.errors import BadInput
from planlab.graph import find_critical_path, lower_bound

DIAMOND = {"end": ["left", "right"], "left": ["start"], "right": ["start"], "start": []}


def random_case(seed):
    """A graph in any order of its ids, and durations, zeros among them, that add up exactly."""
    draw = random.Random(seed)
    ids = [f"t{n}" for n in range(draw.randint(0, 8))]
    needs = {id: draw.sample(ids[:n], draw.randint(0, min(n, 3))) for n, id in enumerate(ids)}
    shuffled = {id: needs[id] for id in draw.sample(ids, len(ids))}
    return shuffled, {id: draw.randint(0, 4) / 4 for id in ids}


def chains_to(id, needs):
    """Every chain that ends in `id`, back to a step that needs nothing."""
    return [[*c, id] for other in needs[id] for c in chains_to(other, needs)] or [[id]]


@pytest.mark.parametrize("seed", range(300))
def test_no_chain_is_longer_and_the_one_given_is_a_chain(seed):
    needs, seconds = random_case(seed)
    path, length = find_critical_path(needs, seconds)
    every = [chain for id in needs for chain in chains_to(id, needs)]
    lengths = [sum(seconds[id] for id in chain) for chain in every]
    assert length == max(lengths, default=0.0)
    assert path in every or path == every == []
    assert sum(seconds[id] for id in path) == length


@pytest.mark.parametrize("seed", range(300))
def test_of_equal_chains_the_first_in_the_graphs_order_is_given(seed):
    needs, seconds = random_case(seed)
    path, length = find_critical_path(needs, seconds)
    place = {id: number for number, id in enumerate(needs)}
    equal = [
        [place[id] for id in reversed(chain)]
        for end in needs
        for chain in chains_to(end, needs)
        if sum(seconds[id] for id in chain) == length
    ]
    assert [place[id] for id in reversed(path)] == min(equal, default=[])


def busy_list_schedule(needs, seconds, limit):
    """How long a run takes that always starts what is ready, in the graph's order."""
    left, running, now, ended = dict(needs), {}, 0.0, set()
    while left or running:
        for id in [i for i in left if ended.issuperset(left[i])][: limit - len(running)]:
            running[id] = now + seconds[id]
            del left[id]
        now = min(running.values())
        ended |= {id for id, end in running.items() if end == now}
        running = {id: end for id, end in running.items() if end != now}
    return now


@pytest.mark.parametrize("seed", range(300))
def test_no_schedule_beats_the_bound_and_a_busy_one_is_within_twice(seed):
    needs, seconds = random_case(seed)
    for limit in (1, 2, 3):
        bound, took = lower_bound(needs, seconds, limit), busy_list_schedule(needs, seconds, limit)
        assert bound <= took + 1e-9
        assert took <= bound * (2 - 1 / limit) + 1e-9  # Graham's guarantee
    assert lower_bound(needs, seconds, 1) == sum(seconds.values())


def test_the_bound_is_the_longest_chain_or_the_work_shared_out():
    seconds = dict.fromkeys(DIAMOND, 1.0)
    assert [lower_bound(DIAMOND, seconds, limit) for limit in (1, 2, 9)] == [4.0, 3.0, 3.0]


def test_a_chain_of_many_thousands_is_no_trouble():
    needs = {f"t{n}": [f"t{n - 1}"] if n else [] for n in reversed(range(20_000))}
    path, length = find_critical_path(needs, dict.fromkeys(needs, 1))
    assert (path[0], path[-1], length) == ("t0", "t19999", 20_000)


@pytest.mark.parametrize(
    ("needs", "named"),
    [
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, "b needs c needs b"),
        ({"a": ["a"]}, "a needs a"),
        ({"a": ["ghost"]}, "ghost"),
    ],
)
def test_a_graph_without_a_longest_chain_is_refused(needs, named):
    with pytest.raises(BadInput, match=named):
        find_critical_path(needs, dict.fromkeys(needs, 1.0))


@pytest.mark.parametrize("wrong", [{}, {"a": -0.1}, {"a": math.nan}, {"a": math.inf}])
@pytest.mark.parametrize("ask", [find_critical_path, lambda n, s: lower_bound(n, s, 2)])
def test_a_duration_that_says_nothing_is_refused(wrong, ask):
    with pytest.raises(BadInput, match="a"):
        ask({"a": []}, wrong)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit):
    with pytest.raises(BadInput, match="limit"):
        lower_bound({"a": []}, {"a": 1.0}, limit)
