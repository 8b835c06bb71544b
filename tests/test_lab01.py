"""Lab 01: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import re

import pytest

from planlab.grading.checks import Served
from planlab.patterns.react import run_react
from tests.labs import judge, lab_of, notebook_of, run_cells

MOST_REQUESTS = 32  # of one grading run; each costs some milliseconds, for every learner


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab01", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab01").cells if c.id == cell)


async def test_the_rows_that_the_meter_question_shows_are_right(names):
    shown = [eval(row) for row in re.findall(r"\{.turn.*?\}", prose("meter-hints"))]
    assert names["meter"](names["SHORT_RUN"]) == shown


async def test_the_drift_that_the_question_shows_is_right(names):
    shown = eval(re.search(r"\{3: .*?\}", prose("drift-hints"))[0])
    assert names["find_drift"](names["WANDERING"], names["TASKS"]) == shown


async def test_the_model_answer_quotes_what_the_instruments_say(names):
    prompts = [row["prompt"] for row in names["meter"](names["LOST"])]
    assert f"from {prompts[1]} tokens to {prompts[2]:,}" in prose("explain")
    assert f"{names['count_tokens'](names['LOG']):,} tokens" in prose("explain")
    assert names["find_drift"](names["LOST"], names["LOST_TASKS"]) == {3: "stray", 4: "stray"}


async def test_the_package_has_no_function_that_could_be_handed_in():
    findings = await lab_of("lab01").findings({"run_loop": run_react})
    assert not any(finding.ok for finding in findings)


async def test_grading_it_needs_few_requests(monkeypatch):
    asked = []
    respond = Served.respond

    def counted(served, *request):
        asked.append(served)
        return respond(served, *request)

    monkeypatch.setattr(Served, "respond", counted)
    await judge("lab01", {})
    assert 0 < len(asked) <= MOST_REQUESTS
