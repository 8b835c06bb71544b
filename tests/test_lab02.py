"""Lab 02: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import re
import runpy
from dataclasses import replace
from random import Random

import pytest

from planlab.grading.checks import Served
from planlab.toolbox import Toolbox
from planlab.validate import find_defects
from tests.labs import ROOT, attempts, grade, judge, lab_of, notebook_of, run_cells

CHECKS = runpy.run_path(str(ROOT / "solutions" / "lab02" / "checks.py"))


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab02", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab02").cells if c.id == cell)


def shown(cell):
    """The defects that a cell's text shows."""
    return eval(re.search(r"\{\(.*?\)\}", prose(cell))[0])


async def test_the_defects_that_the_questions_show_are_right(names):
    tools = names["tools"]
    assert names["find_structure"](names["ARTICLES"], tools) == shown("structure-rules")
    assert names["find_hand_offs"](names["REPORT"]) == shown("handoff-hints")
    prices = {"web_search": 0.1}
    found = names["find_broken_limits"](names["THRIFTY"], names["WANTED"], prices)
    assert found == shown("limits-hints")


async def test_the_model_answer_quotes_what_the_table_says(names):
    seen, told = names["seen"], prose("explain")
    assert sum(map(len, seen.values())) == 40
    assert "40 of 40 fit" in told
    assert f"in {sum(map(sum, seen.values()))} of those" in told
    assert f"other {sum(found.count(False) for found in seen.values())} means" in told
    assert seen["bad_argument"] == [False] * 4
    missed = {kind for kind, found in seen.items() if not all(found)}
    assert missed == {"hand_off", "bad_argument", "unused_output", "vague", "over_granular"}


# The solution beside the package's validator, on the plans that the hidden tests draw


def package(kinds, steps, goal, tools=()):
    """The package's defects of these kinds, as pairs, without its warnings."""
    found = find_defects(CHECKS["draft"](steps), goal=goal, tools=Toolbox(tools))
    return {(d.kind.value, d.step) for d in found if d.kind in kinds and not d.warning}


@pytest.mark.parametrize("seed", range(40))
async def test_the_structure_is_judged_as_the_package_does(names, seed):
    rng = Random(seed)
    tools = CHECKS["new_tools"](rng)
    goal = CHECKS["wanting"]([])
    for steps in (CHECKS["changed_at_random"](rng, tools), CHECKS["bridged"](rng)):
        steps = CHECKS["with_odd_ids"](rng, steps)
        ours = names["find_structure"](CHECKS["draft"](steps), Toolbox(tools))
        circles = {pair for pair in ours if pair[0] == "cycle"}
        named = package({"cycle"}, steps, goal, tools)  # one step of each circle
        kinds = {"duplicate_id", "missing_id", "self_dependency", "unknown_tool"}
        assert ours - circles == package(kinds, steps, goal, tools)
        assert named <= circles
        assert bool(named) == bool(circles)


@pytest.mark.parametrize("seed", range(40))
async def test_hand_offs_are_judged_as_the_package_does(names, seed):
    rng = Random(seed)
    for steps in (*CHECKS["made_twice"](rng), CHECKS["spoken_at_random"](rng)):
        ours = names["find_hand_offs"](CHECKS["draft"](steps))
        theirs = package({"hand_off"}, steps, CHECKS["wanting"]([]))
        assert {id for _, id in ours} == {id for _, id in theirs}


@pytest.mark.parametrize("seed", range(40))
async def test_limits_are_judged_as_the_package_does(names, seed):
    rng = Random(seed)
    priced = [replace(one, price=rng.randint(0, 4) / 10) for one in CHECKS["new_tools"](rng)]
    offered = [one.name for one in priced]
    steps = CHECKS["steps_with"](rng, rng.choices([None, *offered], k=8))
    limits = [
        CHECKS["rule"](kind, rng.choice(offered), rng.choice([None, 0, 1, 2, 0.3]))
        for kind in ("budget", "permission", "policy", "budget")
    ]
    goal = CHECKS["wanting"](["Closing Letter", steps[0].output.upper()], *limits)
    prices = {one.name: one.price for one in priced}
    ours = names["find_broken_limits"](CHECKS["draft"](steps), goal, prices)
    whole = {"gap", "policy"}  # of which the package says no step
    pairs = {(kind, None if kind in whole else about) for kind, about in ours}
    kinds = {"gap", "overlap", "budget", "permission", "policy"}
    assert pairs == package(kinds, steps, goal, priced)


# What the lab gives away, and what it costs


async def test_the_package_has_no_function_that_could_be_handed_in():
    findings = await lab_of("lab02").findings(dict.fromkeys(CALLED, find_defects))
    assert not any(finding.ok for finding in findings)


CALLED = ("find_structure", "find_hand_offs", "find_broken_limits", "write_repair")


@pytest.mark.parametrize(
    "name", ["hand_off_unmended", "repair_of_the_lesson", "structure_calls_the_package"]
)
async def test_nothing_done_earns_nothing(name):
    (mutant,) = (one for one in attempts("mutants", "lab02") if one.name == name)
    earned = await grade("lab02", mutant.cells)
    assert earned[mutant.questions[0]] == 0


async def test_grading_it_asks_no_model(monkeypatch):
    asked = []
    monkeypatch.setattr(Served, "respond", lambda *request: asked.append(request))
    await judge("lab02", {})
    assert asked == []
