"""What keeps the judge itself from being held up, and what it passes over."""

import os
import re
import socket

import nbformat
import pytest

from planlab.grading import sandbox
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
