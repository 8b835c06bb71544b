"""What learners hand in by mistake: each says what is wrong with it, and costs nobody else a point.

All are graded in one run; a cell that goes wrong stands before the right answers, unless it is one
of them.
"""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from planlab.grading import sandbox
from planlab.grading.grades import Grade, to_json
from planlab.grading.submissions import Submission
from tests.cheats import (
    FULL,
    RIGHT,
    Case,
    grade_cases,
    left_behind,
    make_lab,
    write_notebook,
)

FILES = {
    "no notebook": (b"My answers: 42.", "is not a notebook"),
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "latin": ("naïve".encode("latin-1"), "not UTF-8"),
    "list": (b"[1, 2]", "not a notebook"),
    "torn": (b'{"cells": [{"cell_type": "code", ', "no JSON"),
    "odd cells": (b'{"cells": [1, null], "nbformat": 4}', "cells are not a notebook's"),
    "deep": (b'{"cells":' + b"[" * 100_000, "not a notebook"),
    "of another lab": (
        b'{"cells": [], "metadata": {"planlab": {"lab": "lab02"}}, "nbformat": 4}',
        "'lab02'",
    ),
}

# Cells that cost nothing: what they say, if anything. The right answers stand beside them.
HARMLESS = {
    "%time sum(range(9))": None,
    "%matplotlib inline\nfine = 1": None,
    "%%time\nfine = 2": None,
    "%%writefile notes.txt\nsomething": None,
    "!ls": None,
    "%%bash\nls": None,
    "?len": None,
    "await __import__('asyncio').sleep(0)": None,
    "import asyncio\ntask = asyncio.create_task(asyncio.sleep(1000))": None,
    "import asyncio\nasyncio.run(asyncio.sleep(0))": "RuntimeError",
    "import asyncio\nasyncio.set_event_loop(asyncio.new_event_loop())": None,
    "import asyncio\nasyncio.get_running_loop().close()": "RuntimeError",
    "import asyncio\nasyncio.run = asyncio.get_event_loop().run_until_complete": None,
    "import threading, time\nthreading.Thread(target=time.sleep, args=[1000]).start()": None,
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()": None,
    "import ipywidgets\nipywidgets.IntSlider()": None,
    "def f(:": "SyntaxError",
    "name = input('Your name? ')": "EOFError",
    "import sys\nsys.exit('enough')": "SystemExit",
    "exit": "SystemExit",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "import asyncio\nraise asyncio.CancelledError": "CancelledError",
    "class Shy(Exception):\n    def __str__(self):\n        raise ValueError\nraise Shy": "Shy",
    "print('\\ud800')\nraise ValueError('\\ud800')": "ValueError",
    "'" + "\\N{SNOWMAN}" * 1000 + "'": None,
    "import shutil\nshutil.rmtree('/', ignore_errors=True)": None,
    "for _ in range(1000):\n    print('x' * 10**6)": None,
    "import os\nfor _ in range(1000):\n    os.write(1, b'x' * 10**6)": None,
    "import logging\nfor _ in range(1000):\n    logging.error('x' * 10**5)": None,
    "for _ in range(100):\n    display('x' * 10**6)": None,
    "import sys\nsys.stdout.close()\nsys.stdout = None": None,
    "x = 1\n\ud800 = 2": "Error",
    "return 1": "SyntaxError",
    "1 / 0": "ZeroDivisionError",
}

# Cells that have to be stopped: they are left out, and the rest is run.
STOPPED = {
    "while True: pass": "endless loop",
    "import time\ntime.sleep(1000)": "never came",
    "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()": "never came",
    "import asyncio\nawait asyncio.Event().wait()": "never came",
    "many = []\nwhile True: many.append(bytearray(10**8))": "",
    "import os\nos._exit(0)": "ended the Python process",
    "import os\nwhile True: os.fork()": "",
    "import os\nos.closerange(0, 256)": "ended the Python process",
    "import os, signal\nos.kill(os.getpid(), signal.SIGINT)": "KeyboardInterrupt",
    "import ctypes\nctypes.string_at(0)": "ended the Python process",
    "x = '" + "x" * 5_000_000 + "'": "too large",
    "while True: print('x' * 10**6)": "endless loop",
}

# Answers that have to be stopped: their question is lost, and no other.
LOST = {
    "while True: pass": "endless loop",
    "__import__('time').sleep(1000)": "never came",
    "__import__('os')._exit(0)": "ended the Python process",
    "__import__('sys').exit(0)": "SystemExit",
    "return text * 10**10": "MemoryError",
    "[__import__('os').fork() for _ in range(100)]": "",
    "__import__('os').closerange(0, 256)": "",
    "return input(text)": "EOFError",
    "return twice(text)": "RecursionError",
}


def sources(table: dict[str, object], kind: str) -> list[object]:
    """A name for each source, to be called after its beginning."""
    return [
        pytest.param(f"{kind} {number}", source, id=ascii(source)[1:60])
        for number, source in enumerate(table)
    ]


MARKER = f"planlab.marker_bad_{os.getpid()}"


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> None:
    if lacking := sandbox.missing():
        if os.environ.get("CI_RUN_REQUIRES_SANDBOX"):
            pytest.fail(lacking)
        pytest.skip(lacking)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_lab(tmp_path_factory.mktemp("course"), MARKER)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> list[Submission]:
    folder = tmp_path_factory.mktemp("class")
    cases = [Case("right", RIGHT)]
    for kind, table in (("harmless", HARMLESS), ("stopped", STOPPED)):
        cases += [Case(f"{kind} {n}", RIGHT, [source]) for n, source in enumerate(table)]
    for number, source in enumerate(LOST):
        twice = f"def twice(text):\n    {source}"
        cases.append(Case(f"lost {number}", RIGHT | {"twice": twice}))
    made = [write_notebook(case, folder) for case in cases]
    for name, (data, _) in FILES.items():
        path = folder / f"{name}.ipynb"
        path.write_bytes(data)
        made.append(Submission(name, path))
    return [*made, replace(made[0], name="right too"), Submission("gone", folder / "gone.ipynb")]


@pytest.fixture(scope="module")
def grades(lab: Path, submissions: list[Submission]) -> dict[str, Grade]:
    return asyncio.run(grade_cases(lab, submissions, jobs=8))


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_notebook_of_the_lab_says_so(grades: dict[str, Grade], name: str) -> None:
    (note,) = grades[name].notes
    assert FILES[name][1] in note
    assert grades[name].auto == 0


def test_a_file_that_is_not_there_says_so(grades: dict[str, Grade]) -> None:
    (note,) = grades["gone"].notes
    assert "could not be read" in note


@pytest.mark.parametrize(("name", "source"), sources(HARMLESS, "harmless"))
def test_a_cell_that_fails_costs_nothing_else(
    grades: dict[str, Grade], name: str, source: str
) -> None:
    grade, error = grades[name], HARMLESS[source]
    assert [f for f in grade.findings if not f.ok] == []
    assert grade.auto == FULL
    assert grade.notes == ()
    if error is not None:
        ((number, words),) = grade.cells
        assert number == 2
        assert error in words


@pytest.mark.parametrize(("name", "source"), sources(STOPPED, "stopped"))
def test_a_cell_that_is_stopped_is_left_out(
    grades: dict[str, Grade], name: str, source: str
) -> None:
    grade = grades[name]
    assert [f for f in grade.findings if not f.ok] == []
    assert [number for number, _ in grade.cells] == [2]
    assert STOPPED[source] in grade.cells[0][1]


@pytest.mark.parametrize(("name", "source"), sources(LOST, "lost"))
def test_an_answer_that_is_stopped_loses_its_question_alone(
    grades: dict[str, Grade], name: str, source: str
) -> None:
    grade = grades[name]
    assert {question: grade.points(question) for question in RIGHT} == {
        "twice": 0,
        "relay": 3,
        "total": 2,
    }
    assert all(f.message for f in grade.findings if not f.ok)
    assert LOST[source] in next(f.message for f in grade.findings if not f.ok)


def test_nobody_else_loses_anything(grades: dict[str, Grade]) -> None:
    assert grades["right"].auto == FULL
    assert replace(grades["right too"], submission="right") == grades["right"]


def test_every_grade_can_be_kept(grades: dict[str, Grade], submissions: list[Submission]) -> None:
    assert set(grades) == {submission.name for submission in submissions}
    assert max(len(to_json(grade)) for grade in grades.values()) < 20_000


def test_nothing_is_left_running(grades: dict[str, Grade]) -> None:
    assert left_behind(MARKER) == []


@pytest.mark.parametrize("jobs", [1, 4])
def test_order_and_company_change_no_grade(
    lab: Path, submissions: list[Submission], grades: dict[str, Grade], jobs: int
) -> None:
    quick = [s for s in submissions if s.name.startswith(("right", "harmless", "no", "empty"))]
    again = asyncio.run(grade_cases(lab, quick[::-3], jobs))
    assert again == {name: grades[name] for name in again}
