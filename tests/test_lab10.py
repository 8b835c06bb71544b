"""Lab 10: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import ast
import subprocess
import sys

import pytest

from planlab.events import Event
from planlab.grading.checks import Served
from planlab.grading.link import MOST_QUESTIONS
from planlab.ledger import Ledger, find_keys
from tests.labs import attempts, code_cells, judge, lab_of, notebook_of, run_cells

ROW = "{} arrived, {} drafts"


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab10", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab10").cells if c.id == cell)


def test_the_mistakes_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab10", "labs")["approval"]
    unmended = next(m for m in attempts("mutants", "lab10") if m.name == "approval_of_the_lesson")
    kept = [line for line in given.splitlines() if "NotImplementedError" not in line]
    assert [line for line in kept if line not in unmended.source] == []


async def test_the_worked_example_sends_twice_what_nobody_wrote_down(names):
    machine = names["Machine"]()
    await names["run_twice"](names["send_all"], machine, 5)
    assert [text for text in machine.arrived if "ticket_2" in text] == [
        "About ticket_2: draft 2",
        "About ticket_2: draft 3",
    ]


async def test_the_worked_example_cannot_read_a_torn_line(names):
    with pytest.raises(ValueError, match="line 1 column"):
        await names["run_twice"](names["send_all"], names["Machine"](tears=True), 5)


async def test_one_moment_of_each_mails_life_sends_it_twice(names):
    arrived = []
    for left in range(12):
        machine = names["Machine"](tears=True)
        await names["run_twice"](names["send_mails"], machine, left)
        arrived.append(len(machine.arrived))
    assert arrived == [3, 3, 3, 4] * 3


async def test_the_survival_table_is_the_one_that_the_words_tell(names):
    ways = {"journal": (True, False), "both": (True, True), "keys": (False, True)}
    table = {
        way: [await names["survive"](left, journal=j, keys=k) for left in range(5)]
        for way, (j, k) in ways.items()
    }
    one, anew = ROW.format(1, 1), ROW.format(1, 2)
    assert table["journal"] == [one, anew, one, ROW.format(2, 1), one]
    assert table["both"] == [one, anew, one, one, one]
    assert table["keys"] == [one, anew, anew, f"{anew}, refused", f"{anew}, refused"]


async def test_an_outcome_that_is_stored_before_sending_loses_the_mail(names):
    """What the model answer says of the colleague's order."""

    async def outcome_first(steps, stored, append, write, send):
        for id in [id for id in steps if id not in stored]:
            text = await write(id)
            append(id)
            await send(id, text)

    arrived = []
    for left in range(4):
        machine = names["Machine"]()
        await names["run_twice"](outcome_first, machine, left, ["ticket_1"])
        arrived.append(len(machine.arrived))
    assert arrived == [1, 1, 0, 1]


def test_which_keys_the_hint_says_would_change(names):
    plan, keys = names["PLAN"], names["step_keys"]
    before = keys("run", plan)
    refund, mail = plan["steps"]
    dearer = {**refund, "arguments": {"ticket": 1, "amount": 35}}
    after = keys("run", {"version": 2, "steps": [dearer, mail]})
    assert not {*before.values()} & {*after.values()}
    kinder = {**mail, "description": "Tell the customer, and say thank you"}
    assert keys("run", {"version": 2, "steps": [refund, kinder]}) == before


def test_a_restart_changes_pythons_hash_and_nothing_else_of_the_keys(names):
    before = names["step_keys"]("run", names["PLAN"])
    eval("restart()", names)
    first = eval("hash('text')", names)
    eval("restart()", names)
    assert eval("hash('text')", names) != first
    assert names["step_keys"]("run", names["PLAN"]) == before


def test_the_keys_of_another_process_are_the_same():
    """What `restart` only plays: processes that salt their hashes otherwise."""
    cells = code_cells("lab10")
    source = "\n".join(cells[id] for id in ("worked-machine", "keys-plan", "keys"))
    source += "\nprint(step_keys('run', PLAN))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", source],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
    assert len(ast.literal_eval(seen.pop())) == 2


async def test_a_notebook_without_restart_is_graded_as_well(names):
    del names["restart"]
    findings = await lab_of("lab10").findings(names, seed=7)
    assert [(f.words, f.message) for f in findings if not f.ok] == []


async def test_grading_it_asks_few_questions_and_no_model(monkeypatch):
    asked, models = [], []
    apply = Served.apply
    monkeypatch.setattr(Served, "apply", lambda *one: asked.append(one) or apply(*one))
    monkeypatch.setattr(Served, "respond", lambda *one: models.append(one))
    await judge("lab10", {})
    assert models == []
    # One process may answer for all the checks, and each end answers only so many questions.
    assert len(asked) < 0.8 * MOST_QUESTIONS


async def test_the_package_has_no_function_that_could_be_handed_in():
    package = {"step_keys": find_keys, "send_mails": Ledger, "approve": Ledger.approve}
    findings = await lab_of("lab10").findings({**package, "make_receiver": Event})
    assert not any(finding.ok for finding in findings)
