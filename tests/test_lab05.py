"""Lab 05: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import re
from itertools import pairwise

import pytest

from planlab.grading.checks import Served
from planlab.patterns.reflection import run_reflection
from tests.labs import attempts, code_cells, judge, lab_of, notebook_of, run_cells


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab05", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab05").cells if c.id == cell)


def test_the_mistakes_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab05", "labs")["best"]
    unmended = next(m for m in attempts("mutants", "lab05") if m.name == "best_of_the_lesson")
    kept = [line for line in given.splitlines() if "NotImplementedError" not in line]
    assert [line for line in kept if line not in unmended.source] == []


async def test_the_loop_that_searches_for_a_word_takes_a_refusal_for_approval(names):
    draft = await names["reflect"](names["write"], names["critic_in_prose"])
    assert (draft, names["SCRIPT"][draft][:12]) == ("Sales fell.", "NOT APPROVED")


async def test_where_the_first_draft_is_approved_the_faulty_loop_pays_too_much_and_no_more(names):
    unmended = next(m for m in attempts("mutants", "lab05") if m.name == "best_of_the_lesson")
    faulty, _ = await run_cells("lab05", unmended.cells)
    asked = []

    async def write(draft, issues):
        return "a draft"

    async def critic(draft):
        asked.append(draft)
        return names["Verdict"](approved=True, score=0.9, issues=[])

    mended = await names["improve"](write, critic, 5)
    assert (mended, asked) == (("a draft", 0.9, True, "approved"), ["a draft"])
    assert (await faulty["improve"](write, critic, 5), len(asked)) == (mended, 1 + 2)


async def test_the_writer_that_goes_to_and_fro_is_stopped(names, capsys):
    capsys.readouterr()
    got = await names["improve"](names["to_and_fro"], names["hard_to_please"], 20)
    assert got == ("long", 0.6, False, "oscillation")
    assert capsys.readouterr().out.split() == ["judged:", "short", "judged:", "long"]


async def test_the_report_is_wrong_where_the_hint_tells_and_once_where_nothing_sees_it(names):
    wrong = names["wrong_figures"](names["REPORT"], names["SALES"], names["TASK"])
    assert f'<code>["{wrong[0]}"]</code>: West made 4 sales' in prose("checker-hints")
    assert len(wrong) == 1
    south = names["wrong_figures"]("South: 26%\nSouth: 21%\nNorth: 26%", names["SALES"])
    assert south == ["26%"]
    assert "South has 21%, not 26%, but North has" in prose("checker-hints")


async def test_a_boast_is_judged_three_times_and_approved_when_it_is_true(names):
    got = await names["improve"](names["boast"], names["look_up"], 5)
    assert got == ("West: 4 sales, 15%.", 1.0, True, "approved")


async def test_the_rates_are_those_that_hint_and_model_answer_tell(names):
    ends = []
    for runs in (names["MODEL_CRITIC"], names["TOOL_CRITIC"]):
        revisions = [pair for run in runs for pair in pairwise(run)]
        assert revisions.count((False, True)) == 3
        assert sum(run[0] for run in runs) == 7
        rates = names["read_rates"](runs)
        ends.append((rates, names["fixed_point"](*rates)))
        ends.append(names["rounds_that_pay"](0.7, *rates, 0.02))
    assert ends == [((0.3, 0.2), 0.6), 0, ((0.5, 0.0), 1.0), 3]
    told = prose("explain").partition("===")[0]
    assert re.findall(r"\((p [\d.]+|q [\d.]+)\)", told) == ["p 0.3", "q 0.2", "q 0"]
    assert "3 of 10 bad drafts" in told
    assert "4 of 20 good ones" in told
    assert "mended 3 of 6 and broke none of 24" in told


async def test_ten_rounds_with_the_model_critic_end_where_the_model_answer_says():
    share = 0.7
    for _ in range(10):
        share = share * (1 - 0.2) + (1 - share) * 0.3
    assert round(10 * share, 2) == 6.0


def test_the_model_answer_keeps_to_its_length():
    assert 80 <= len(prose("explain").partition("===")[0].split()) <= 150


async def test_the_package_has_no_loop_that_could_be_handed_in():
    findings = await lab_of("lab05").findings({"improve": run_reflection})
    assert not any(finding.ok for finding in findings)


@pytest.mark.parametrize("name", ["verdict_calls_the_package", "best_calls_the_package"])
async def test_what_the_lab_builds_cannot_be_imported(name):
    mutant = next(m for m in attempts("mutants", "lab05") if m.name == name)
    judged = await judge("lab05", mutant.cells)
    assert not any(f.ok for check, f in judged if check.question in mutant.questions)


async def test_grading_it_asks_no_model(monkeypatch):
    asked = []
    monkeypatch.setattr(Served, "respond", lambda *request: asked.append(request))
    await judge("lab05", {})
    assert asked == []
