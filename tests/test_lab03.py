"""Lab 03: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import html
import re

import pytest

from planlab.executing import StepExecutor
from planlab.grading.checks import Served
from planlab.patterns.plan_execute import run_plan_execute
from planlab.progress import Progress
from tests.labs import attempts, code_cells, judge, lab_of, notebook_of, run_cells

MOST_REQUESTS = 32  # of one grading run; each costs some milliseconds, for every learner


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab03", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab03").cells if c.id == cell)


def test_the_five_bugs_of_the_mutant_are_those_that_learners_get():
    code = code_cells("lab03", "labs")["ledger"].splitlines()
    unmended = next(m for m in attempts("mutants", "lab03") if m.name == "ledger_of_the_lesson")
    kept = [line for line in code if "NotImplementedError" not in line]
    assert [line for line in kept if line not in unmended.source] == []


async def test_the_ledger_of_half_a_run_is_the_one_that_the_hint_tells(names):
    told = html.unescape(prose("ledger-hints").splitlines()[0])
    lists = re.findall(r"<code>(done|failed|blocked|pending)</code>: ([\w, ]+)\.", told)
    book = names["ledger"](names["HALF"], names["HALF_RUN"])
    assert {key: ids.split(", ") for key, ids in lists} == {k: book[k] for k, _ in lists}
    assert len(lists) == 4
    assert str(book["learned"]).replace("'", '"') in told


async def test_the_example_of_the_errand_is_right(names):
    plan, box = names["retarget"](names["WEEK"], {"refund": "Refunds are paid within five days."})
    results = await names["run_plan"](plan, box, names["Meter"]())
    made = next(results[step.id].value for step in plan.steps if step.output == "answers")
    assert str(made).replace("'", '"') in prose("retarget-rules")


async def test_the_model_answer_quotes_what_the_runs_show(capsys):
    await run_cells("lab03", {})
    printed = capsys.readouterr().out
    told = dict(re.findall(r"(needed|everything): 7 requests, ([\d,]+) tokens", printed))
    assert f"{told['everything']} tokens in place of {told['needed']}" in prose("explain")
    assert "done: ['s3', 's2', 's1'] - failed: [] - counts: [[\"password\", 2]" in printed


async def test_the_package_has_no_function_that_could_be_handed_in():
    package = {"run_plan": run_plan_execute, "ledger": Progress, "retarget": StepExecutor}
    findings = await lab_of("lab03").findings(package)
    assert not any(finding.ok for finding in findings)


async def test_grading_it_needs_few_requests(monkeypatch):
    asked = []
    respond = Served.respond

    def counted(served, *request):
        asked.append(served)
        return respond(served, *request)

    monkeypatch.setattr(Served, "respond", counted)
    await judge("lab03", {})
    assert 0 < len(asked) <= MOST_REQUESTS
