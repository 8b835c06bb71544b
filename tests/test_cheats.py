"""Cheats gain nothing, show nobody a hidden input, and cost nobody else a point.

All of them are graded in one run, with a right solution before, among and after them.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from planlab.grading import sandbox
from planlab.grading.grades import Grade, to_json
from tests.cheats import (
    CHEATS,
    FULL,
    LAB,
    PRELUDE,
    RIGHT,
    SECRET,
    STUBS,
    Case,
    grade_cases,
    left_behind,
    make_lab,
    write_notebook,
)

# What only looks like cheating, or happens by accident.
RIGHT_CASES = [
    Case("right", RIGHT),
    Case("stripped", RIGHT, marked=False),
    Case("deleted tests", RIGHT, last=["del lab"]),
    Case("more after the tests", RIGHT, last=['await lab.check("twice")', "lab = None", "1"]),
    Case("in another order", dict(reversed(RIGHT.items()))),
]
SLOW = ["waits_for_its_child", "hides_its_time"]  # stopped in the end, by the grader's patience
QUICK = [name for name in CHEATS if name not in SLOW]
MARKER = f"planlab.marker_{os.getpid()}"


@dataclass(frozen=True)
class Class:
    """A class that was graded in one run."""

    grades: dict[str, Grade]
    alone: Grade
    left: list[int]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    lab = make_lab(tmp_path_factory.mktemp("course"), MARKER)
    folder = tmp_path_factory.mktemp("class")
    right = write_notebook(RIGHT_CASES[0], folder)
    submissions = [write_notebook(case, folder) for case in map(CHEATS.get, QUICK)]
    submissions += [write_notebook(case, folder) for case in RIGHT_CASES[1:]]
    release = lab.parents[1] / "labs" / LAB / f"{LAB}.ipynb"
    submissions.append(replace(right, name="untouched", path=release))
    submissions[20:20] = [right]
    grades = asyncio.run(grade_cases(lab, submissions, jobs=8))
    alone = asyncio.run(grade_cases(lab, [right], jobs=1))["right"]
    return Class(grades, alone, still_running())


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> None:
    if lacking := sandbox.missing():
        if os.environ.get("CI_RUN_REQUIRES_SANDBOX"):
            pytest.fail(lacking)
        pytest.skip(lacking)


def still_running() -> list[int]:
    """What does not end within a few seconds; killing takes the system a moment."""
    until = time.monotonic() + 5
    while (left := left_behind(MARKER)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


@pytest.mark.parametrize("cheat", QUICK)
def test_a_cheat_gains_nothing(graded: Class, cheat: str) -> None:
    grade = graded.grades[cheat]
    assert [finding.words for finding in grade.findings if finding.ok] == []


@pytest.mark.parametrize("cheat", QUICK)
def test_no_hidden_input_reaches_a_page(graded: Class, cheat: str) -> None:
    grade = graded.grades[cheat]
    assert SECRET not in to_json(grade)
    assert len(to_json(grade)) < 20_000


@pytest.mark.parametrize("case", [case.name for case in RIGHT_CASES])
def test_a_right_solution_has_its_points_whatever_its_tests_are(graded: Class, case: str) -> None:
    assert [f for f in graded.grades[case].findings if not f.ok] == []
    assert graded.grades[case].auto == FULL


def test_a_grade_among_cheats_is_the_grade_alone(graded: Class) -> None:
    assert graded.grades["right"] == graded.alone


def test_the_release_earns_nothing(graded: Class) -> None:
    assert graded.grades["untouched"].auto == 0
    assert graded.grades["untouched"].notes == ()


def test_nothing_is_left_running(graded: Class) -> None:
    assert graded.left == []


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_what_hides_that_it_runs_is_stopped_too(tmp_path: Path) -> None:
    lab = make_lab(tmp_path, MARKER)
    submissions = [write_notebook(CHEATS[name], tmp_path) for name in SLOW]
    grades = asyncio.run(grade_cases(lab, submissions))
    assert {name: grade.auto for name, grade in grades.items()} == dict.fromkeys(SLOW, 0)


GRADE_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from planlab.grading.submissions import Submission
from tests.cheats import grade_cases
asyncio.run(grade_cases(Path(sys.argv[1]), [Submission("lasting", Path(sys.argv[2]))]))
"""


def test_nothing_outlives_a_killed_judge(tmp_path: Path) -> None:
    lab = make_lab(tmp_path, MARKER)
    lasting = """
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
os.fork()
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
time.sleep(1000)
"""
    work = write_notebook(Case("lasting", STUBS, [PRELUDE], [lasting]), tmp_path)
    judge = subprocess.Popen([sys.executable, "-c", GRADE_FOR_EVER, lab, work.path])
    until = time.monotonic() + 30
    while len(left_behind(MARKER)) < 4 and time.monotonic() < until:
        time.sleep(0.02)
    started = left_behind(MARKER)  # zygote, its child, the notebook's two
    judge.send_signal(signal.SIGKILL)
    judge.wait()
    assert len(started) == 4
    assert still_running() == []
