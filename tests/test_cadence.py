"""The study of lesson 04: what its runs do, and that they are the same each time."""

import pytest

from planlab.compare.cadence import (
    CHANGED,
    EVERY,
    GOAL,
    READER,
    SCRATCH,
    STUDY,
    Revising,
    is_right,
    parse_revising,
    run,
)
from planlab.world import open_world

CALM = {**STUDY.base, "volatility": 0}
ONLY_GOAL = {**CALM, "volatility": 1, "timeout": 0, "schema": 0, "stale": 0, "missing": 0}


@pytest.mark.parametrize("cadence", EVERY)
async def test_in_a_calm_world_all_succeed_and_differ_in_what_they_pay(cadence):
    outcome = await run(cadence, CALM, seed=0)
    looks = {"every 2 steps": 1, "after each step": 4}.get(cadence, 0)
    assert outcome.success
    assert parse_revising(outcome.path).revisions == looks


async def test_a_run_is_the_same_each_time():
    wild = {**STUDY.base, "volatility": 0.6}
    assert [await run("on failure", wild, seed) for seed in (1, 2)] == [
        await run("on failure", wild, seed) for seed in (1, 2)
    ]


@pytest.mark.parametrize(("cadence", "success"), [("on failure", False), ("after each step", True)])
async def test_a_goal_that_changes_silently_is_found_by_looking(cadence, success):
    assert (await run(cadence, ONLY_GOAL, seed=0)).success is success


async def test_from_scratch_keeps_nothing_and_reconciling_keeps_all():
    wild = {**STUDY.base, "volatility": 0.6}
    for cadence, share in (("on failure", 1), (SCRATCH, 0)):
        counts = [parse_revising((await run(cadence, wild, seed)).path) for seed in range(8)]
        finished = sum(count.finished for count in counts)
        assert finished > 0
        assert sum(count.kept for count in counts) == share * finished


async def test_a_spent_budget_ends_a_run_that_looks_too_often():
    outcome = await run("after each step", {**CALM, "budget": 6}, seed=0)
    assert (outcome.success, outcome.stop, outcome.calls) == (False, "budget", 6)


async def test_right_is_the_totals_and_the_mail_where_one_is_asked_for():
    with open_world() as world:
        totals = world.rows("SELECT CAST(SUM(amount) AS INTEGER) FROM sales GROUP BY month")
        told = "; ".join(f"{total:,}" for (total,) in totals)
        assert is_right(world, told, GOAL)
        assert not is_right(world, told[:-1], GOAL)
        assert not is_right(world, told, CHANGED)
        mail = {"to": READER, "subject": "Q4", "body": told}
        (await world.tools.call("send_email", mail)).unwrap()
        assert is_right(world, told, CHANGED)


def test_what_revising_came_to_is_read_as_it_was_written():
    count = Revising(1, 2, 3, 4, 5, 6, 7)
    assert parse_revising(count.text) == count
