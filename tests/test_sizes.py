"""The study of lesson 09: what counts as right, what was spent by whom, and the stored rows."""

from dataclasses import replace

import pytest

from planlab.compare import load_rows, select
from planlab.compare.sizes import (
    BASE,
    COMPARED,
    STUDY,
    WEEK,
    Spent,
    draw_tickets,
    is_quarter,
    is_rivals,
    is_weekly,
    parse_spent,
    run,
)
from planlab.cost import price_of
from planlab.records import Usage
from planlab.world import open_world

CALM = {**BASE, "slips": 0}
LARGE, SMALL = price_of("sim-large"), price_of("sim-small")


@pytest.fixture
def world():
    with open_world() as world:
        yield world


def test_a_weekly_report_is_right_by_its_total_and_its_top_intent(world):
    right = "5 in all. Refund has the most (3).\nRecommendation: look at refunds."
    assert is_weekly(world, right)
    for wrong in (
        right.replace("5", "6"),
        right.replace("3", "2"),
        right.replace("Refund", "Address"),
        right.replace("Recommendation", "Note"),
        f"{right}\nNobody has the most (9).",
    ):
        assert not is_weekly(world, wrong)


def test_of_a_tie_every_intent_must_be_named(world):
    world.change("DELETE FROM tickets WHERE week = ? AND intent = 'refund'", (WEEK,))
    assert is_weekly(world, "2 in all; password and address have the most (1). I recommend both.")
    assert not is_weekly(world, "2 in all; password has the most (1). I recommend that.")


def test_the_quarter_is_right_by_its_totals_and_its_change(world):
    rows = world.rows("SELECT SUM(amount) FROM sales GROUP BY month ORDER BY month")
    totals = [int(total) for (total,) in rows]
    told = ", ".join(f"2024-1{month}: {total:,}" for month, total in enumerate(totals))
    change = (totals[-1] / totals[0] - 1) * 100
    assert is_quarter(world, f"{told}; a change of {change:.1f} %")
    assert not is_quarter(world, f"{told} in Q4 2024")  # a month is no percentage
    assert not is_quarter(world, f"{change:.1f} %")


def test_the_rivals_are_right_with_either_price_that_is_known_of_b(world):
    assert is_rivals(world, "A $49, B $39, C $55")
    assert is_rivals(world, "A $49, B $45, C $55")
    assert not is_rivals(world, "A $49, B $42, C $55")


def test_each_seed_has_its_own_tickets_of_this_week(world):
    drawn = []
    for seed in (1, 1, 2):
        draw_tickets(world, 20, seed)
        drawn.append(world.rows("SELECT customer, text FROM tickets WHERE week = ?", (WEEK,)))
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[2]) == 20


def test_what_was_spent_is_read_as_it_was_written_and_priced_at_any_ratio():
    spent = Spent(Usage(2, 1000, 400, 50), Usage(3, 900, 0, 70), 5, 1)
    assert parse_spent(spent.text) == spent
    at_list = LARGE.of(spent.large) + SMALL.of(spent.small)
    assert spent.dollars(0.1, LARGE) == pytest.approx(at_list)
    assert spent.dollars(1, LARGE) == pytest.approx(LARGE.of(spent.large + spent.small))


async def test_the_tokens_by_size_are_the_bill_of_the_run():
    outcome = await run("large plans, router works", {**CALM, "task": 2}, seed=0)
    spent = parse_spent(outcome.path)
    assert outcome.success
    assert outcome.dollars == pytest.approx(spent.dollars(0.1, LARGE))
    assert outcome.calls == spent.large.calls + spent.small.calls
    assert (spent.steps, spent.escalated) == (5, 1)


async def test_a_mail_that_nobody_asked_for_makes_a_run_wrong():
    outcome = await run("ReAct, small", {**CALM, "task": 1}, seed=0)
    assert (outcome.stop, outcome.success) == ("answered", False)


async def test_slips_are_the_small_models_and_their_tokens_are_paid_for():
    slips = {**BASE, "slips": 1}
    assert (await run("ReAct, large", slips, seed=0)).success
    weak = await run("ReAct, small", slips, seed=0)
    assert weak.stop == "failed"
    assert weak.dollars > 0


# ---- the stored rows


@pytest.fixture(scope="module")
def stored():
    return load_rows("notebooks/data/sizes.csv")[1]


@pytest.mark.parametrize("system", COMPARED)
async def test_a_stored_run_can_be_had_again(system, stored):
    row = select(stored, system, **BASE)[3]
    again = await run(system, BASE, row.seed)
    assert replace(again, dollars=round(again.dollars, 5)) == row.outcome


def test_the_stored_rows_are_those_of_the_study(stored):
    cells = [(system, dict(conditions)) for system, conditions in STUDY.cells()]
    assert [(row.system, dict(row.conditions)) for row in stored[::20]] == cells
    assert [row.seed for row in stored] == [*range(20)] * len(cells)
