"""Lab 11: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import os

import nbformat
import pytest

from planlab.grading import sandbox
from planlab.grading.checks import FORBIDDEN, Served, without_forbidden
from planlab.grading.judge import grade_all
from planlab.grading.link import MOST_QUESTIONS, Link
from planlab.grading.submissions import Submission
from tests.labs import SOLUTIONS, attempts, code_cells, judge, lab_of, notebook_of, run_cells

needs_sandbox = pytest.mark.skipif(
    sandbox.missing() is not None and "CI_RUN_REQUIRES_SANDBOX" not in os.environ,
    reason="no sandbox on this system",
)


def mutant(name):
    return next(m for m in attempts("mutants", "lab11") if m.name == name)


def prose(cell):
    return next(c.source for c in notebook_of("lab11").cells if c.id == cell)


def test_the_rubric_is_that_of_the_syllabus():
    points = {question.id: question.points for question in lab_of("lab11").questions}
    assert points == {
        **{"correctness": 20, "replanning": 15, "parallel": 10, "verification": 10},
        **{"gates": 20, "resume": 10, "cost": 5, "defence": 10},
    }
    rows = [line.split("|") for line in prose("rubric").splitlines() if line.startswith("| 11.")]
    told = {question.title.split()[0]: question.points for question in lab_of("lab11").questions}
    assert {row[1].strip(): int(row[3]) for row in rows} == told
    assert sum(int(row[4]) for row in rows) == 240


def test_the_mistakes_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab11", "labs")["parallel"]
    added = ("NotImplementedError", "from planlab.schedule import")
    kept = [line for line in given.splitlines() if not any(word in line for word in added)]
    assert [line for line in kept if line not in mutant("parallel_of_the_lesson").source] == []


async def test_the_trial_has_the_figures_of_the_model_answer():
    names, _ = await run_cells("lab11", {})
    trial = names["trial"]
    assert await trial() == "mails: 1, astray: 0, drafts: 1"
    assert await trial(gates=False) == "mails: 2, astray: 1, drafts: 1"
    assert await trial(same_run=False) == "mails: 2, astray: 0, drafts: 1"
    assert await trial(store=False) == "mails: 2, astray: 0, drafts: 2"


@pytest.mark.parametrize("name", ["gates_none", "gates_ignore_the_answer", "gates_of_the_lesson"])
async def test_an_effect_that_nobody_allowed_leaves_no_automatic_point(name):
    findings = [finding for _, finding in await judge("lab11", mutant(name).cells)]
    assert any(finding.ok for finding in findings)
    assert any(finding.message.startswith(FORBIDDEN) for finding in findings)
    assert not any(finding.ok for finding in without_forbidden(findings))


@pytest.mark.parametrize("name", ["gates_ask_four_times", "gates_refuse_all_that_is_high"])
async def test_an_agent_that_does_too_little_loses_points_and_not_the_lab(name):
    findings = [finding for _, finding in await judge("lab11", mutant(name).cells)]
    assert without_forbidden(findings) == tuple(findings)


async def test_no_check_comes_near_the_bound_on_questions(monkeypatch):
    links, requests = [], []
    start, respond = Link.__init__, Served.respond
    monkeypatch.setattr(
        Link, "__init__", lambda *one, **more: links.append(one[0]) or start(*one, **more)
    )
    monkeypatch.setattr(Served, "respond", lambda *one: requests.append(one) or respond(*one))
    await judge("lab11", {})
    assert max(link._heard for link in links) < MOST_QUESTIONS / 4
    assert len(requests) < 120


@needs_sandbox
async def test_the_grader_gives_90_and_0_and_0(tmp_path):
    handed_in = {"solution": notebook_of("lab11"), "release": notebook_of("lab11", "labs")}
    without_gates = nbformat.from_dict(notebook_of("lab11"))
    for cell in without_gates.cells:
        if cell.id == "gates":
            cell.source = mutant("gates_ignore_the_answer").source
    handed_in["ignores"] = without_gates
    for name, notebook in handed_in.items():
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    submissions = [Submission(name, tmp_path / f"{name}.ipynb") for name in handed_in]
    grades = grade_all(SOLUTIONS / "lab11", submissions, seed=11, jobs=2)
    graded = {grade.submission: grade async for grade in grades}
    assert {name: grade.auto for name, grade in graded.items()} == {
        **{"solution": 90, "release": 0, "ignores": 0}
    }
    assert any("must never happen" in note for note in graded["ignores"].notes)
    assert graded["solution"].notes == ()
