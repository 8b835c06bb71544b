"""Lab 06: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import math
import re

import pytest

from planlab.compare import wilson
from planlab.grading.checks import Served
from planlab.grading.host import Host
from planlab.grading.link import MOST_QUESTIONS
from planlab.uct import uct
from planlab.world.puzzles import hard_puzzles
from tests.labs import attempts, code_cells, judge, lab_of, notebook_of, run_cells


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab06", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab06").cells if c.id == cell)


def unmended():
    """The cell of the search as learners find it."""
    return next(m for m in attempts("mutants", "lab06") if m.name == "terminals_of_the_lesson")


class Tale:
    """A puzzle of a few states, and what was asked about it."""

    def __init__(self, ways, ends=(), values=()):
        self.ways, self.ends, self.values = ways, dict(ends), dict(values)
        self.asked = []

    async def propose(self, state):
        self.asked.append(("propose", state))
        return self.ways.get(state, [])

    async def value(self, state):
        self.asked.append(("value", state))
        return self.values.get(state, 0.5)

    def end(self, state):
        return self.ends.get(state)

    async def told_to(self, names, budget=40):
        return await names["search"]("s", self.propose, self.value, self.end, budget)


COMPLAINTS = {
    "is asked about the goal": (
        Tale({"s": ["goal"]}, {"goal": 1.0}),
        lambda tale, why: ("value", "goal") in tale.asked,
    ),
    "believes the model about the lost": (
        Tale({"s": ["lost", "on"], "on": ["goal"]}, {"lost": 0.0, "goal": 1.0}, {"lost": 0.9}),
        lambda tale, why: ("propose", "lost") in tale.asked,
    ),
    "asks for ever where nothing is proposed": (
        Tale({"s": ["mute", "on"], "on": ["goal"]}, {"goal": 1.0}, {"mute": 0.9}),
        lambda tale, why: tale.asked.count(("propose", "mute")) > 30,
    ),
    "makes more calls than it has": (
        Tale({"s": list("abcdefghijklmnopqrtuvwxyz"), "a": list("BCDEFGHIJKLMNOPQRSTUV")}),
        lambda tale, why: len(tale.asked) > 40,
    ),
    "takes all the money for nothing": (
        Tale({"s": ["lost"]}, {"lost": 0.0}),
        lambda tale, why: why == "budget",
    ),
    "walks in circles": (
        Tale({"s": ["on"], "on": ["s"]}),
        lambda tale, why: tale.asked.count(("propose", "on")) > 1,
    ),
}


@pytest.mark.parametrize("complaint", COMPLAINTS)
async def test_each_complaint_is_true_of_the_search_as_found_and_of_the_mended_one_no_more(
    names, complaint
):
    tale, is_true = COMPLAINTS[complaint]
    for source, wanted in ((unmended().source, True), (code_cells("lab06")["terminals"], False)):
        tale.asked.clear()
        exec(source, names)
        _, why = await tale.told_to(names)
        assert is_true(tale, why) == wanted


def test_there_are_as_many_complaints_as_the_words_say():
    assert "six mistakes" in prose("terminals-rules")
    assert len(re.findall(r"^\d\. ", prose("terminals-rules"), re.MULTILINE)) == len(COMPLAINTS)


def test_the_mistakes_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab06", "labs")["terminals"]
    kept = [line for line in given.splitlines() if "NotImplementedError" not in line]
    assert [line for line in kept if line not in unmended().source] == []


async def test_the_ways_down_are_those_that_the_words_tell(names):
    select, tree = names["select"], names["TREE"]
    assert select(tree, 0) == ["start", "a", "a2"]
    assert select(tree, 1) == ["start", "b", "b2"]
    assert [round(uct(*arm, 12, 1), 2) for arm in ((0.4, 3), (0.6, 9))] == [1.31, 1.13]
    node = names["backpropagate"](names["new_node"]("s", 3, 0.5), ["s"], 0.9)
    assert node["mean"] == pytest.approx(0.6)


async def test_wilson_is_the_packages_and_tells_what_the_hint_says(names):
    for runs in range(1, 12):
        for successes in range(runs + 1):
            mine, theirs = names["wilson"](successes, runs), wilson(successes, runs)
            assert mine == pytest.approx(theirs, abs=1e-12)
    (low, high), (other_low, other_high) = names["wilson"](4, 4), names["wilson"](1, 4)
    assert f"From {low:.2f} to {high:.2f} and from {other_low:.2f} to {other_high:.2f}" in prose(
        "comparison-hints"
    )


async def test_the_table_is_what_the_three_searches_do(names):
    async def nobody(*puzzle):
        return None

    def row(cells):
        return tuple(float(number) for number in re.findall(r"\d+(?:\.\d)?", cells))

    printed = dict(re.findall(r"^\| `(\w+)` (.*)", prose("table-read"), re.MULTILINE))
    for name in ("greedy", "again", "by_tree"):
        puzzles = [names["game"](each.numbers, n) for n, each in enumerate(hard_puzzles(40))]
        got = await names["compare"](names[name], nobody, puzzles, 100)
        low, high = names["wilson"](got["solved"][0], 40)
        ends = [math.floor(100 * share + 0.5) for share in (low, high)]
        wanted = (got["solved"][0], 40, *ends, round(got["calls"][0] / 40, 1))
        assert row(printed[name]) == wanted
    assert [each.numbers for each in hard_puzzles(40)][:8] == names["GAMES"]


async def test_grading_it_asks_neither_a_model_nor_too_many_questions(names, monkeypatch):
    asked, handle = [], Host._handle
    monkeypatch.setattr(Host, "_handle", lambda *asks: asked.append(asks) or handle(*asks))
    monkeypatch.setattr(Served, "respond", lambda *request: pytest.fail("a model was asked"))
    findings = await lab_of("lab06").findings(names, seed=7)
    assert [(f.words, f.message) for f in findings if not f.ok] == []
    # One process may answer for all the checks, and it answers only so many questions.
    assert len(asked) < MOST_QUESTIONS / 2


async def test_the_search_is_judged_whatever_uct_and_bookings_are_worth():
    stubs = code_cells("lab06", "labs")
    others = {question: stubs[question] for question in ("uct", "backpropagation")}
    for check, finding in await judge("lab06", others):
        assert finding.ok == (check.question in ("terminals", "comparison"))
