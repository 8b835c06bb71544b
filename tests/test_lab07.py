"""Lab 07: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import re

import pytest

from planlab.grading.checks import Served
from planlab.grading.host import Host
from planlab.grading.link import MOST_QUESTIONS
from planlab.schedule import run_graph
from tests.labs import LEFT_BEHIND, attempts, code_cells, judge, lab_of, notebook_of, run_cells


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab07", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab07").cells if c.id == cell)


async def chart(names, capsys, run):
    """When each step began and ended, and the makespan, as the notebook prints them."""
    capsys.readouterr()
    await names["draw"](run, names["STEPS"], names["SECONDS"])
    printed = capsys.readouterr().out
    bars = re.findall(r"^(\w+) +(\d+) to +(\d+) s", printed, re.MULTILINE)
    (makespan,) = re.findall(r"makespan (\d+) s, work 17 s", printed)
    return {id: (int(begin), int(end)) for id, begin, end in bars}, int(makespan)


def test_the_mistakes_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab07", "labs")["failure"]
    unmended = next(m for m in attempts("mutants", "lab07") if m.name == "failure_of_the_lesson")
    kept = [line for line in given.splitlines() if "NotImplementedError" not in line]
    assert [line for line in kept if line not in unmended.source] == []


async def test_the_bounds_are_those_that_the_hint_tells(names):
    bounds = [names["lower_bound"](names["STEPS"], names["SECONDS"], n) for n in (1, 2, 3)]
    assert bounds == [17, 8.5, 8]
    assert "17, 8.5 and 8" in prose("limit-hints")


async def test_the_charts_are_those_that_the_words_tell(names, capsys):
    waves, by_waves = await chart(names, capsys, names["run_waves"])
    two, by_two = await chart(names, capsys, names["two_at_once"])
    free, by_need = await chart(names, capsys, names["run_steps"])
    assert (by_waves, by_two, by_need) == (10, 10, 8)
    assert (waves["stock"][0], two["stock"][0], free["stock"][0]) == (4, 4, 2)
    assert [id for id, (begin, end) in two.items() if begin <= 2 and end >= 4] == [
        "price_b",
        "price_c",
    ]


@pytest.mark.parametrize("first", ["price_c", "stock"])
async def test_three_places_and_no_other_order_mend_chart_b(names, capsys, first):
    steps = sorted(names["STEPS"], key=lambda step: step[0] != first)

    async def three_at_once(steps, work):
        return await names["run_steps"](steps, names["limited"](work, 3))

    assert (await chart(names, capsys, three_at_once))[1] == 8
    names["STEPS"] = steps
    assert (await chart(names, capsys, names["two_at_once"]))[1] > 8


async def test_a_notebook_without_the_function_that_settles_is_graded_as_well(names, monkeypatch):
    del names["settle"]
    asked, handle = [], Host._handle
    monkeypatch.setattr(Host, "_handle", lambda *asks: asked.append(asks) or handle(*asks))
    findings = await lab_of("lab07").findings(names, seed=7)
    assert [(f.words, f.message) for f in findings if not f.ok] == []
    # One process may answer for all the checks, and it answers only so many questions.
    assert len(asked) < MOST_QUESTIONS


@pytest.mark.looptime  # on a busy machine a short nap would be over in time
@pytest.mark.filterwarnings(LEFT_BEHIND)
@pytest.mark.parametrize("nap", ["0.05", "0.002"])
async def test_who_takes_a_nap_and_looks_again_is_late(nap):
    polling = next(m for m in attempts("mutants", "lab07") if m.name == "scheduler_of_the_lesson")
    source = polling.source.replace("sleep(0.05)", f"sleep({nap})")
    late = {
        check.run.__name__ for check, f in await judge("lab07", {"scheduler": source}) if not f.ok
    }
    assert {"runs_side_by_side", "wakes_at_once", "joins_diamonds"} <= late


async def test_the_package_has_no_function_that_could_be_handed_in():
    package = {"run_steps": run_graph, "run_what_can": run_graph}
    findings = await lab_of("lab07").findings(package)
    assert not any(finding.ok for finding in findings)


async def test_grading_it_asks_no_model(monkeypatch):
    asked = []
    monkeypatch.setattr(Served, "respond", lambda *request: asked.append(request))
    await judge("lab07", {})
    assert asked == []
