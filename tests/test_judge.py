"""What keeps the judge itself from being held up, and what it passes over."""

import os
import re
import socket

import nbformat
import pytest

from planlab.grading import sandbox
from planlab.grading.checks import load_lab
from planlab.grading.child import TookTooLong, at_most
from planlab.grading.judge import grade_all
from planlab.grading.slicing import needed_cells
from planlab.grading.submissions import Submission
from planlab.grading.zygote import read_ready

CHECKS = """
from planlab.grading import Lab, Question, says

lab = Lab("labx", "Two questions", questions=(Question("ask", 1, "Ask"), Question("two", 1, "Two")))


@lab.property("ask", 1, "the model is asked")
async def asks(probe):
    await probe.call("ask", probe.model())


@lab.property("two", 1, "it is two")
async def two(probe):
    probe.equal(await probe.call("two"), 2, "it is not two")
"""


async def grade_one(folder, checks, code):
    """The grade of a notebook of one cell, by these checks, in the sandbox."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    for place in ("solutions", "labs"):
        (folder / place / "labx").mkdir(parents=True)
        (folder / place / "labx" / "checks.py").write_text(checks)
        nbformat.write(notebook, folder / place / "labx" / "labx.ipynb")
    handed_in = Submission("anna", folder / "labs" / "labx" / "labx.ipynb")
    grades = grade_all(folder / "solutions" / "labx", [handed_in], seed=1, jobs=1)
    (grade,) = [grade async for grade in grades]
    return grade


def test_a_pattern_that_never_ends_is_interrupted():
    with pytest.raises(TookTooLong), at_most(0.1):
        re.match(r"(a+)+$", "a" * 64 + "b")


needs_sandbox = pytest.mark.skipif(
    sandbox.missing() is not None and "CI_RUN_REQUIRES_SANDBOX" not in os.environ,
    reason="no sandbox on this system",
)


@needs_sandbox
async def test_a_request_that_takes_too_long_costs_its_own_question_alone(tmp_path):
    lines = "[{'role': 'user', 'content': '\\n' * 20_000}]"
    code = f"async def ask(model):\n    await model.ask({lines})\ndef two():\n    return 2"
    grade = await grade_one(tmp_path, CHECKS, code)
    assert (grade.points("ask"), grade.points("two")) == (0, 1)
    assert "takes too long" in grade.findings[0].message


MIXED = """
from planlab.grading import Lab, Question

lab = Lab("labx", "One question", questions=(Question("mix", 1, "Mix"),))


@lab.property("mix", 1, "both kinds of served functions answer")
async def mix(probe):
    async def later(number):
        return number

    later, now = probe.function(later), probe.function(lambda number: number)
    probe.equal(await probe.call("mix", later, now), 400, "an answer was lost")
"""

MIXING = """
import asyncio

async def mix(later, now):
    async def one():
        return sum([await later(1) + now(1) for _ in range(10)])

    return sum(await asyncio.gather(*(one() for _ in range(20))))
"""


def test_what_somebody_else_has_read_is_not_waited_for():
    here, there = socket.socketpair()
    assert read_ready(here) is None
    there.send(b"frame")
    assert read_ready(here) == b"frame"
    there.close()
    assert read_ready(here) == b""
    here.close()


@needs_sandbox
async def test_functions_that_wait_and_functions_that_do_not_are_served_side_by_side(tmp_path):
    grade = await grade_one(tmp_path, MIXED, MIXING)
    assert [finding.message for finding in grade.findings if not finding.ok] == []


CELLS = [
    (1, "import json\nSIZE = 3"),
    (2, "shown = await ask(SIZE)\nanswer = 1"),
    (4, "def double(x):\n    answer = json.dumps(x)\n    return answer"),
]


def test_an_example_runs_only_where_something_takes_names_from_it():
    # `answer` in the function of cell 4 is its own.
    assert [n for n, _ in needed_cells(CELLS, examples=[1, 2])] == [1, 4]
    assert [n for n, _ in needed_cells(CELLS, examples=[])] == [1, 2, 4]


def test_where_a_cell_is_no_plain_python_all_examples_run():
    magic = [*CELLS, (5, "%time answer")]
    assert [n for n, _ in needed_cells(magic, examples=[1, 2])] == [1, 2, 4, 5]


def test_names_are_followed_from_example_to_example():
    cells = [(1, "a = 1"), (2, "b = a"), (3, "c = 2"), (4, "def f():\n    return b + d")]
    later = (5, "d = 4")  # a function may use what is there by the time when it is called
    assert [n for n, _ in needed_cells([*cells, later], examples=[1, 2, 3, 5])] == [1, 2, 4, 5]


FORBIDS = """
from planlab.grading import Lab, Question

lab = Lab("labx", "Two questions", questions=(Question("act", 1, "Act"), Question("two", 1, "Two")))


@lab.property("act", 1, "nothing is done unasked")
async def acts(probe):
    done = []
    try:
        await probe.call("act", probe.function(lambda: done.append(1)))
    finally:
        probe.forbid(done, "it was done")


@lab.property("two", 1, "it is two")
async def two(probe):
    probe.equal(await probe.call("two"), 2, "it is not two")
"""


@needs_sandbox
@pytest.mark.parametrize("act", ["do()", "do(); raise ValueError", "pass"])
async def test_what_must_never_happen_takes_all_points_and_says_so(tmp_path, act):
    code = f"def act(do): {act}\ndef two(): return 2"
    grade = await grade_one(tmp_path, FORBIDS, code)
    if act == "pass":
        assert (grade.auto, grade.notes) == (2, ())
        return
    assert (grade.auto, grade.points("two")) == (0, 0)
    assert "it was done" in grade.notes[0]
    assert "must never happen" in grade.notes[0]
    assert "does not count" in grade.findings[1].message


async def test_in_a_notebook_it_takes_the_points_of_its_own_question(tmp_path, capsys):
    (tmp_path / "checks.py").write_text(FORBIDS)
    lab = load_lab(tmp_path)
    names = {"act": lambda do: do(), "two": lambda: 2}
    assert [await lab.check(question, names) for question in ("act", "two")] == [0, 1]
    assert "must never happen" in capsys.readouterr().out


KEYED = """
from planlab.grading import Lab, Question
from planlab.tools import Call, tool

lab = Lab("labx", "One question", questions=(Question("call", 1, "Call"),))


@tool(source="web")
async def send(to: str, call: Call) -> str:
    return f"{call.tool} {call.step} {len(call.key)} {sorted(call.taint['to'])}"


@lab.property("call", 1, "a tool gets the whole call")
async def calls(probe):
    seen = await probe.call("call", probe.tools(send))
    wanted = ("send s1 32 ['mail']", {"mail", "web"})
    probe.equal((seen.value, {*seen.taint}), wanted, "it is another call")
    probe.equal(type(await probe.call("box", probe.tools(send))).__name__, "Handle", "no box")
"""


@needs_sandbox
async def test_a_served_tool_gets_its_call_and_gives_its_taint(tmp_path):
    code = """
async def call(box):
    return await box.call("send", {"to": "x"}, step="s1", taint=frozenset({"mail"}))

def box(box):
    return box
"""
    grade = await grade_one(tmp_path, KEYED, code)
    assert [(f.ok, f.message) for f in grade.findings] == [(True, "")]
