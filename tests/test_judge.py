"""What keeps the judge itself from being held up, and what it passes over."""

import os
import re

import nbformat
import pytest

from planlab.grading import sandbox
from planlab.grading.child import TookTooLong, at_most
from planlab.grading.judge import grade_all
from planlab.grading.slicing import needed_cells
from planlab.grading.submissions import Submission

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


def test_a_pattern_that_never_ends_is_interrupted():
    with pytest.raises(TookTooLong), at_most(0.1):
        re.match(r"(a+)+$", "a" * 64 + "b")


@pytest.mark.skipif(
    sandbox.missing() is not None and "CI_RUN_REQUIRES_SANDBOX" not in os.environ,
    reason="no sandbox on this system",
)
async def test_a_request_that_takes_too_long_costs_its_own_question_alone(tmp_path):
    lines = "[{'role': 'user', 'content': '\\n' * 20_000}]"
    code = f"async def ask(model):\n    await model.ask({lines})\ndef two():\n    return 2"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    for folder in ("solutions", "labs"):
        (tmp_path / folder / "labx").mkdir(parents=True)
        (tmp_path / folder / "labx" / "checks.py").write_text(CHECKS)
        nbformat.write(notebook, tmp_path / folder / "labx" / "labx.ipynb")
    handed_in = Submission("anna", tmp_path / "labs" / "labx" / "labx.ipynb")
    grades = grade_all(tmp_path / "solutions" / "labx", [handed_in], seed=1, jobs=1)
    (grade,) = [grade async for grade in grades]
    assert (grade.points("ask"), grade.points("two")) == (0, 1)
    assert "takes too long" in grade.findings[0].message


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
