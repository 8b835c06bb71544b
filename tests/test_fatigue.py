"""The study of lesson 08: who is asked about what, and that its runs are the same each time."""

import pytest

from planlab.compare.fatigue import ASKED, NEVER_TIRED, run


@pytest.mark.parametrize("system", ASKED)
async def test_a_run_is_the_same_each_time_and_the_honest_work_is_done(system):
    first, again = [await run(system, {"patience": 4}, seed=1) for _ in range(2)]
    assert first == again
    assert first.success


async def test_who_never_tires_and_sees_every_call_prevents_all_harm():
    for seed in range(4):
        outcome = await run("every call", {"patience": NEVER_TIRED}, seed)
        assert (outcome.stop, outcome.path) == ("no harm", "harm=0")


async def test_who_looks_at_nothing_prevents_none():
    careless = [await run("every call", {"patience": 0}, seed) for seed in range(6)]
    assert "harm" in [outcome.stop for outcome in careless]


async def test_asking_about_nothing_asks_nothing():
    outcome = await run("nothing", {"patience": 4}, seed=1)
    assert (outcome.calls, outcome.stop) == (0, "harm")
