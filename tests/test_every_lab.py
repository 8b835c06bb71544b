"""Every lab, by the same rules: its solution, its stubs, right and wrong answers, in place."""

import itertools
import re

import pytest

from planlab.grading.checks import NOT_WRITTEN
from tests.labs import (
    LABS,
    LEFT_BEHIND,
    attempts,
    code_cells,
    find_formulas,
    full_points,
    grade,
    judge,
    lab_of,
    notebook_of,
    run_cells,
)

MUTANTS = [attempt for lab in LABS for attempt in attempts("mutants", lab)]
FROM_LESSONS = [mutant for mutant in MUTANTS if mutant.name.endswith("_of_the_lesson")]
ALTERNATIVES = [attempt for lab in LABS for attempt in attempts("alternatives", lab)]
CONSTANTS = ["None", "True", "0", "1", "''", "'answered'", "[]", "{}", "(None, 'rounds', [])"]

HUNTS = {"lab11": {"parallel", "correctness"}}  # where code is given that runs, and what runs it

LONGEST_CELL = 25  # lines
MOST_IN_A_ROW = 2  # code cells without a word between them


def named(value):
    return getattr(value, "name", None)


@pytest.mark.parametrize("lab", LABS)
async def test_the_solution_runs_whole_and_earns_every_point(lab):
    _, failed = await run_cells(lab, {})
    assert failed == {}
    for seed in (0, 1, 2):
        findings = [finding for _, finding in await judge(lab, {}, seed)]
        assert [(f.words, f.message) for f in findings if not f.ok] == []


@pytest.mark.parametrize("lab", LABS)
async def test_the_untouched_release_earns_nothing(lab):
    judged = await judge(lab, code_cells(lab, "labs"))
    assert [finding.words for _, finding in judged if finding.ok] == []
    # What is there to be mended runs, and breaks its own properties; all else is not written.
    written = {check.question for check, f in judged if f.message != NOT_WRITTEN}
    assert written <= HUNTS.get(lab, set())


@pytest.mark.parametrize("constant", CONSTANTS)
@pytest.mark.parametrize("lab", LABS)
async def test_a_constant_earns_nothing(lab, constant):
    cells = {question: always(lab, question, constant) for question in full_points(lab)}
    assert set((await grade(lab, cells)).values()) == {0}


def always(lab, question, constant):
    functions = re.findall(r"^(?:async )?def (\w+)", code_cells(lab)[question], re.MULTILINE)
    return "\n".join(f"def {name}(*args, **named): return {constant}" for name in functions)


@pytest.mark.looptime  # checks know no clock but the event loop's: no wait needs to be waited for
@pytest.mark.filterwarnings(LEFT_BEHIND)
@pytest.mark.parametrize("mutant", MUTANTS, ids=named)
async def test_a_mistake_costs_points_where_it_was_made_and_nowhere_else(mutant):
    # One case of each check elsewhere: a mistake that reaches so far is seen by any input.
    own = {*mutant.questions, *mutant.also}
    elsewhere = full_points(mutant.lab).keys() - own
    assert await where_points_are_lost(mutant, elsewhere) == own


@pytest.mark.slow
@pytest.mark.filterwarnings(LEFT_BEHIND)
@pytest.mark.parametrize("mutant", MUTANTS, ids=named)
async def test_a_mistake_costs_nothing_elsewhere_whatever_the_case(mutant):
    assert await where_points_are_lost(mutant) == {*mutant.questions, *mutant.also}


async def where_points_are_lost(mutant, glance=()):
    earned = await grade(mutant.lab, mutant.cells, glance)
    return {
        question for question, full in full_points(mutant.lab).items() if earned[question] < full
    }


@pytest.mark.filterwarnings(LEFT_BEHIND)
@pytest.mark.parametrize("naive", FROM_LESSONS, ids=named)
async def test_the_naive_version_of_the_lesson_fails_a_visible_check(naive):
    judged = await judge(naive.lab, naive.cells)
    assert any(not check.hidden and not finding.ok for check, finding in judged)


@pytest.mark.parametrize("right", ALTERNATIVES, ids=named)
async def test_another_right_solution_earns_every_point(right):
    assert await grade(right.lab, right.cells) == full_points(right.lab)


@pytest.mark.parametrize("lab", LABS)
def test_the_points_add_up_in_checks_and_notebook(lab):
    asked = {question.id: question.points for question in lab_of(lab).questions}
    checked = dict.fromkeys(full_points(lab), 0.0)
    for check in lab_of(lab).checks:
        checked[check.question] += check.points
    assert checked == full_points(lab)
    cells = [c.metadata.get("nbgrader", {}) for c in notebook_of(lab).cells]
    printed = {c["grade_id"].removeprefix("check-"): c["points"] for c in cells if c.get("grade")}
    assert printed == asked


@pytest.mark.parametrize("lab", LABS)
def test_each_question_has_a_cell_to_write_in_and_a_locked_check(lab):
    cells = {cell.id: cell for cell in notebook_of(lab).cells}
    for question in lab_of(lab).questions:
        answer = cells[question.id]
        assert answer.metadata.nbgrader.solution
        assert answer.metadata.nbgrader.grade == question.manual
        assert answer.cell_type == ("markdown" if question.manual else "code")
        if not question.manual:
            check = cells[f"check-{question.id}"]
            assert check.source == f'await lab.check("{question.id}")'
            assert check.metadata.nbgrader.locked


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_enough_mutants_and_alternatives(lab):
    mutants = attempts("mutants", lab)
    assert len(mutants) >= 8
    assert any(mutant in FROM_LESSONS for mutant in mutants)
    assert {question for mutant in mutants for question in mutant.questions} == set(
        full_points(lab)
    )
    assert len(attempts("alternatives", lab)) >= 2


@pytest.mark.parametrize("lab", LABS)
def test_each_question_has_visible_checks_and_hidden_ones(lab):
    for question in full_points(lab):
        hidden = [check.hidden for check in lab_of(lab).of(question)]
        assert hidden.count(False) >= 3
        assert hidden.count(True) >= 1


@pytest.mark.parametrize("lab", LABS)
def test_the_opening_says_what_for_with_what_and_how_long(lab):
    opening = notebook_of(lab).cells[0].source
    for part in ("**The question.**", "**You build**", "**You need**", "**Time:**", "**Badges.**"):
        assert part in opening
    told = "".join(c.source for c in notebook_of(lab).cells if c.cell_type == "markdown")
    for part in (
        f"planlab start {lab}",
        f"planlab check {lab}",
        "hidden tests",
        "without a network",
    ):
        assert part in told


@pytest.mark.parametrize("lab", LABS)
def test_each_automatic_question_has_its_points_and_three_hints(lab):
    prose = ""
    for cell in notebook_of(lab, "labs").cells:
        if cell.cell_type == "markdown":
            prose += cell.source
        elif cell.id in full_points(lab):
            question = lab_of(lab)[cell.id]
            number, _, _ = question.title.partition(" ")
            told = prose.partition(f"## Question {number}:")[2]
            assert f"({question.points} points)" in told.splitlines()[0]
            assert [f"<summary>Hint {n}: " in told for n in (1, 2, 3, 4)] == [True] * 3 + [False]
            assert "raise NotImplementedError" in cell.source
            prose = ""


@pytest.mark.parametrize("lab", LABS)
def test_two_prices_are_no_formula(lab):
    assert find_formulas(notebook_of(lab, "labs").cells) == []


@pytest.mark.parametrize("lab", LABS)
def test_learners_get_short_cells_with_prose_between_them(lab):
    cells = notebook_of(lab, "labs").cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [c.id for c in code if len(c.source.splitlines()) > LONGEST_CELL] == []
    groups = itertools.groupby(cells, key=lambda cell: cell.cell_type)
    assert max(len([*run]) for kind, run in groups if kind == "code") <= MOST_IN_A_ROW
