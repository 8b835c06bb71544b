"""Lab 08: what its words promise. What holds for every lab is in `test_every_lab.py`."""

import re

import pytest

from planlab.grading.checks import Served
from planlab.grading.host import Host
from planlab.grading.link import MOST_QUESTIONS
from planlab.patterns.gates import by_risk, gated
from planlab.toolbox import ask_gates, check_decision
from tests.labs import attempts, code_cells, judge, lab_of, notebook_of, run_cells


@pytest.fixture
async def names():
    namespace, _ = await run_cells("lab08", {})
    return namespace


def prose(cell):
    return next(c.source for c in notebook_of("lab08").cells if c.id == cell)


def mutant(name):
    return next(m for m in attempts("mutants", "lab08") if m.name == name)


def test_the_mistakes_of_the_mutant_are_those_that_learners_get():
    given = code_cells("lab08", "labs")["binding"]
    kept = [line for line in given.splitlines() if "NotImplementedError" not in line]
    assert [line for line in kept if line not in mutant("binding_of_the_lesson").source] == []


async def test_the_usual_gate_lets_the_price_book_out_under_another_name(names, capsys):
    names["SENT"].clear()
    assert (await names["usual_call"]("send_email", names["OUT"]))[0] == "refused"
    assert (await names["usual_call"]("notify", names["OUT"]))[0] == "done"
    assert "reject" in capsys.readouterr().out
    assert names["SENT"] == [("list@collector.example", "our price book")]


async def test_the_attacks_get_through_where_the_words_say(names):
    def gaps(gate):
        return names["find_gaps"](names[gate], names["ATTACKS"]).keys()

    everything = names["RUNS"].keys()
    assert gaps("usual_gate") == everything - {"injected mail"}
    assert gaps("ask_always") == everything
    assert gaps("decide") == set()
    assert "Five through the usual one, all but the injected mail. All six" in prose(
        "redteam-hints"
    )


async def test_the_model_answer_has_the_numbers_of_the_table(names, capsys):
    capsys.readouterr()
    names["tally"](names["usual_gate"], names["ask_always"], names["decide"])
    printed = capsys.readouterr().out
    rows = {
        gate: [*map(int, row)] for gate, *row in re.findall(r"(\w+) +(\d+) +(\d+) +(\d+)", printed)
    }
    assert rows == {"usual_gate": [2, 0, 5], "ask_always": [8, 0, 6], "decide": [2, 0, 0]}
    assert "8 questions instead of 2" in prose("memo")


async def test_whoever_is_quick_on_a_good_day_meets_none_of_the_five_mistakes(names):
    unmended, _ = await run_cells("lab08", mutant("binding_of_the_lesson").cells)
    approve, use = unmended["make_desk"]()
    approve("pay", {"amount": 126.0}, unmended["time"].time(), 600)
    assert use("pay", {"amount": 126.0}, unmended["time"].time())


async def test_no_check_looks_at_a_clock_but_for_one_short_patience(names, monkeypatch):
    """A slow machine is no mistake: only who is told to give up soon may do so."""
    patience = []

    def make_caller(tools, reviewer, cents, seconds):
        patience.append(seconds)
        return names["make_caller"](tools, reviewer, cents, seconds)

    await lab_of("lab08").findings({**names, "make_caller": make_caller}, seed=7)
    assert {seconds for seconds in patience if seconds < 60} == {min(patience)}
    assert patience.count(min(patience)) == 2  # cases of one check


async def test_one_process_can_answer_for_all_the_checks(names, monkeypatch):
    asked, handle = [], Host._handle
    monkeypatch.setattr(Host, "_handle", lambda *asks: asked.append(asks) or handle(*asks))
    findings = await lab_of("lab08").findings(names, seed=7)
    assert [(f.words, f.message) for f in findings if not f.ok] == []
    assert len(asked) < MOST_QUESTIONS


@pytest.mark.parametrize("stubborn", ["gates_refuse_everything", "gates_forbid_high"])
async def test_a_gate_that_refuses_too_much_earns_little(stubborn):
    earned = sum(
        check.points * finding.ok
        for check, finding in await judge("lab08", mutant(stubborn).cells)
        if check.question == "gates"
    )
    assert earned <= 1


async def test_the_package_has_no_function_that_could_be_handed_in():
    package = {"make_caller": gated, "make_desk": by_risk, "find_gaps": ask_gates}
    findings = await lab_of("lab08").findings({**package, "decide": check_decision})
    assert not any(finding.ok for finding in findings)


async def test_grading_it_asks_no_model(monkeypatch):
    asked = []
    monkeypatch.setattr(Served, "respond", lambda *request: asked.append(request))
    await judge("lab08", {})
    assert asked == []
