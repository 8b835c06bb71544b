"""Comparisons: rows, their file, and the errand of the crossover study."""

import asyncio
import random
from dataclasses import replace

import pytest

from planlab import errors
from planlab.compare import (
    Grid,
    Outcome,
    Row,
    Study,
    load_rows,
    run_rows,
    save_rows,
    select,
    study_named,
    wilson,
)
from planlab.compare.crossover import BASE, STUDY, SYSTEMS, make_errand, run
from planlab.world import open_world

ROWS = [
    Row("one, two", {"length": 2, "slips": 0.05}, 0, Outcome(True, "answered", 3, 90, 0.5, "1 2")),
    Row("one, two", {"length": 4, "slips": 0.05}, 1, Outcome(False, "failed", 0, 0, 0.0, "")),
]


def test_rows_come_back_from_their_file_with_what_made_them(tmp_path):
    path = tmp_path / "new" / "rows.csv"
    save_rows(ROWS, path, command="make rows")
    made_by, rows = load_rows(path)
    assert rows == ROWS
    assert made_by.startswith("make rows (planlab ")


@pytest.mark.parametrize("text", ["", "# made by hand\nsystem,seed\nx,1\n"])
def test_a_file_without_rows_is_an_error(tmp_path, text):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(errors.BadFile, match=r"rows\.csv"):
        load_rows(path)


def test_rows_are_selected_by_system_and_conditions():
    assert select(ROWS, "one, two", length=4) == ROWS[1:]
    assert select(ROWS, "another") == []


def test_intervals_hold_their_share_of_samples():
    """Of shares drawn with probability p, about 95 % have p in their interval."""
    chance = random.Random(7)
    for p in (0.1, 0.5, 0.9):
        held = 0
        for _ in range(1000):
            low, high = wilson(sum(chance.random() < p for _ in range(20)), 20)
            held += low <= p <= high
        assert 900 <= held <= 990


def test_an_interval_never_leaves_the_shares():
    for n in (1, 20):
        assert 0 == wilson(0, n)[0] < wilson(0, n)[1] < 1
        assert 0 < wilson(n, n)[0] < wilson(n, n)[1] == pytest.approx(1)


def test_a_point_in_two_grids_is_run_once():
    grids = (Grid({"length": (2, 4)}, ("a", "b")), Grid({"slips": (0.05, 1)}, ("a",)))
    study = Study("crossover", {"length": 2, "slips": 0.05}, grids, run)
    cells = study.cells()
    assert len(cells) == 5
    assert cells[0] == ("a", {"length": 2, "slips": 0.05})


def test_a_study_is_run_seed_by_seed_and_each_run_can_be_had_again():
    small = replace(STUDY, grids=(Grid({"length": (2,)}, ("plan-and-execute",)),))
    rows = run_rows(small, seeds=2)
    assert [row.seed for row in rows] == [0, 1]
    assert asyncio.run(run("plan-and-execute", {**BASE, "length": 2}, 1)) == rows[1].outcome


def test_an_unknown_study_is_named_with_those_there_are():
    with pytest.raises(errors.BadInput, match="crossover"):
        study_named("no_such")


# ---- the errand


@pytest.fixture
def world():
    with open_world() as world:
        yield world


def test_without_uncertainty_each_offer_stands_where_the_goal_says(world):
    errand = make_errand(world, BASE, 0)
    assert errand.places == errand.paths
    for name, path in zip(errand.prices, errand.paths, strict=True):
        assert f"${errand.prices[name]} " in world.read(path)


def test_with_uncertainty_each_offer_is_found_by_following(world):
    errand = make_errand(world, {**BASE, "uncertainty": 1, "length": 6}, 0)
    for name, path, place in zip(errand.prices, errand.paths, errand.places, strict=True):
        at = path
        while " has moved. Read " in world.read(at):
            at = world.read(at).split("Read ")[1].split(" instead")[0]
        assert at == place != path
        assert f"${errand.prices[name]} " in world.read(at)


def test_only_the_cheapest_with_its_price_is_right(world):
    errand = make_errand(world, BASE, 0)
    best, other = errand.cheapest, next(n for n in errand.prices if n != errand.cheapest)
    price = errand.prices[best]
    assert errand.is_right(f"{best}: ${price}")
    assert errand.is_right(f"{best} is the cheapest at ${price}, {other} the dearest at $99.")
    assert not errand.is_right(f"{other}: ${errand.prices[other]}")
    assert not errand.is_right(f"{best} charges ${price}. {other} charges $99.")
    assert not errand.is_right(f"{other} is the cheapest, before {best} at ${price}.")
    assert not errand.is_right(f"{best}: ${price}0")
    assert not errand.is_right("")


async def test_a_right_answer_counts_only_if_every_offer_was_read():
    """Seed 3 hides a dear offer: plan-and-execute names the cheapest all the same."""
    lucky = await run("plan-and-execute", {**BASE, "uncertainty": 0.5}, 3)
    assert not lucky.success


async def test_the_hybrid_follows_what_has_moved():
    outcome = await run("hybrid", {**BASE, "uncertainty": 0.5, "slips": 0}, 5)
    assert outcome.success
    assert "+" in outcome.path


@pytest.mark.parametrize("system", SYSTEMS)
async def test_every_system_does_a_short_errand(system):
    outcome = await run(system, {**BASE, "length": 2, "slips": 0}, 0)
    assert outcome.success
    assert outcome.path == "1 2"
