"""Lab 04: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import re

import pytest

from planlab.grading.checks import Served
from planlab.patterns.plan_execute import run_plan_execute
from planlab.progress import reconcile
from tests.labs import attempts, code_cells, judge, lab_of, notebook_of, run_cells


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab04", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab04").cells if c.id == cell)


def test_the_five_bugs_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab04", "labs")
    code = "\n".join(line for id in ("steps", "bugs") for line in given[id].splitlines())
    unmended = next(m for m in attempts("mutants", "lab04") if m.name == "bugs_of_the_lesson")
    kept = [line.strip() for line in code.splitlines() if "NotImplementedError" not in line]
    assert [line for line in kept if line not in unmended.source] == []


async def test_the_plan_after_the_change_is_the_one_that_the_hint_tells(names):
    changed = names["changed"]
    done, left = changed.steps[:2], changed.steps[2:]
    assert [step.id for step in done] == ["s1", "s2"]
    assert [step.tool for step in left] == ["load_sales", "send_email"]
    assert set(left[1].needs) == {"s1", left[0].id}
    assert "four steps" in prose("goal-hints")


async def test_the_moves_are_those_that_the_hint_tells(names):
    told = re.findall(r"<code>(\w+)</code>", prose("bounded-hints").splitlines()[0])
    assert [move for *_, move in names["past"]] == told


async def test_the_model_answer_quotes_what_the_runs_show(names):
    mails = {(row["agent"], row["max_replans"]): row["sent"] for row in names["rows"]}
    assert {row["stop"] for row in names["rows"]} == {"failed"}
    assert f"starting over sent {mails['start_over', 9]} mails" in prose("explain")
    assert {mails["run_agent", bound] for bound in (1, 3, 9)} == {4}
    assert "sent 45 mails where 25 were due" in prose("explain")


async def test_the_runs_send_as_many_mails_as_the_model_answer_says(capsys):
    await run_cells("lab04", {})
    told = re.findall(r"(\w+): answered, .* together (\d+)", capsys.readouterr().out)
    assert told == [("start_over", "45"), ("run_agent", "25")]


async def test_the_package_has_no_function_that_could_be_handed_in():
    package = {"run_agent": run_plan_execute, "change_goal": reconcile}
    findings = await lab_of("lab04").findings(package)
    assert not any(finding.ok for finding in findings)


async def test_grading_it_asks_no_model(monkeypatch):
    asked = []
    monkeypatch.setattr(Served, "respond", lambda *request: asked.append(request))
    await judge("lab04", {})
    assert asked == []
