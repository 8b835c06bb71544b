"""A class of 200 graded in the sandbox, beside nbgrader's autograde on 20 of it, in one run.

    python bench/grading.py [--class-size 200] [--nbgrader 20] [--rounds 3]

The class: copies of lab 01's solution, 20 of them broken: wrong solutions, the untouched lab, files
that are no notebooks, and cells that loop, exhaust memory, fork, end the process or flood the
output. Every grade is compared with what it must be. Prints seconds for the class, its median and
range, seconds a submission, and the ratio to nbgrader, which gets right solutions only: a cell that
loops holds it up for good.
"""

import argparse
import asyncio
import copy
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat

from planlab.grading.collect import find_submissions
from planlab.grading.judge import default_jobs, grade_all

ROOT = Path(__file__).resolve().parent.parent
LAB = "lab01"
FULL = 17
GOAL = 20.0  # seconds for 200 submissions on 2 cores

# Code that stands in front of everything else, and the most points that are left.
DISTURBED = {
    "endless loop": ("while True: pass", FULL),
    "process ended": ("import os; os._exit(0)", FULL),
    "sys.exit": ("import sys; sys.exit()", FULL),
    "memory": ("x = [bytearray(1 << 28) for _ in range(100)]", FULL),
    "fork": ("import os\nwhile True:\n    os.fork()", FULL),
    "flood": ("for _ in range(10**6): print('x' * 1000)", FULL),
    "syntax": ("def broken(:", FULL),
    "waits": ("import time; time.sleep(1000)", FULL),
}
# Functions that replace those of a question, and the points that are left at least and at most.
WRONG = {
    "loop is endless": ("async def run_loop(*a, **k):\n    while True: pass", 0, 11),
    "meter is constant": ("def meter(messages): return []", 0, 11),
    "drift is constant": ("def find_drift(messages, tasks): return {}", 0, 12),
    "loop raises": ("async def run_loop(*a, **k): raise ValueError", 0, 11),
    "loop lost": ("del run_loop", 0, 11),
    "meter lost": ("del meter", 0, 11),
    "drift lost": ("del find_drift", 0, 12),
    "meter exits": ("import sys\ndef meter(messages): sys.exit()", 0, 11),
}


def with_cell(notebook: nbformat.NotebookNode, source: str, *, last: bool) -> str:
    """The notebook as text, with one more cell."""
    changed = copy.deepcopy(notebook)
    place = len(changed.cells) if last else 1
    changed.cells.insert(place, nbformat.v4.new_code_cell(source))
    return nbformat.writes(changed)


def make_class(folder: Path, size: int) -> dict[str, tuple[float, float]]:
    """Write the class; returns the least and the most points of each learner."""
    solution = nbformat.read(ROOT / "solutions" / LAB / f"{LAB}.ipynb", as_version=4)
    release = (ROOT / "labs" / LAB / f"{LAB}.ipynb").read_text(encoding="utf-8")
    texts = {f"{name}": (with_cell(solution, code, last=False), FULL, most)
             for name, (code, most) in DISTURBED.items()}  # fmt: skip
    texts |= {f"{name}": (with_cell(solution, code, last=True), least, most)
              for name, (code, least, most) in WRONG.items()}  # fmt: skip
    texts |= {
        "untouched": (release, 0, 0),
        "no notebook": ("This is my answer.", 0, 0),
        "empty": ("", 0, 0),
        "no cells": ('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', 0, 0),
    }
    whole = nbformat.writes(solution)
    texts |= {f"learner {n:03}": (whole, FULL, FULL) for n in range(size - len(texts))}
    for name, (text, _, _) in texts.items():
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    return {name: (least, most) for name, (_, least, most) in texts.items()}


async def grade_class(folder: Path, wanted: Mapping[str, tuple[float, float]], jobs: int) -> float:
    """Seconds for the class; ends the script where a grade is not what it must be."""
    begun = time.perf_counter()
    submissions = find_submissions([folder], LAB)
    grades = {
        grade.submission: grade.auto
        async for grade in grade_all(ROOT / "solutions" / LAB, submissions, seed=1, jobs=jobs)
    }
    seconds = time.perf_counter() - begun
    wrong = {
        name: grades.get(name)
        for name, (least, most) in wanted.items()
        if not least <= grades.get(name, -1) <= most
    }
    if wrong:
        sys.exit(f"Wrong grades: {wrong}")
    return seconds


def autograde(count: int) -> float:
    """Seconds that nbgrader takes for `count` right solutions, by its command line."""
    with tempfile.TemporaryDirectory() as name:
        course = Path(name)
        shutil.copytree(ROOT / "solutions" / LAB, course / "solutions" / LAB)
        shutil.copy(ROOT / "nbgrader_config.py", course)
        for n in range(count):
            handed_in = course / "submitted" / f"learner{n:03}" / LAB
            shutil.copytree(ROOT / "solutions" / LAB, handed_in)
        nbgrader = [sys.executable, "-m", "nbgrader"]
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        quiet = {"cwd": course, "check": True, "capture_output": True,
                 "env": os.environ | {"PATH": path}}  # fmt: skip
        subprocess.run([*nbgrader, "generate_assignment", LAB, "--force"], **quiet)
        begun = time.perf_counter()
        subprocess.run([*nbgrader, "autograde", LAB], **quiet)
        return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--class-size", type=int, default=200)
    parser.add_argument("--nbgrader", type=int, default=20, help="0: without the peer")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    jobs = default_jobs()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = make_class(folder, options.class_size)
        taken = [asyncio.run(grade_class(folder, wanted, jobs)) for _ in range(options.rounds)]
    middle = statistics.median(taken)
    each = middle / options.class_size
    print(f"{options.class_size} submissions, {len(DISTURBED) + len(WRONG) + 4} of them broken:")
    print(f"  median {middle:.1f} s ({min(taken):.1f} to {max(taken):.1f}), {jobs} at a time,")
    print(f"  {1000 * each:.0f} ms a submission; every grade right. Goal: {GOAL:.0f} s for 200.")
    if options.nbgrader:
        theirs = autograde(options.nbgrader) / options.nbgrader
        print(f"nbgrader autograde, {options.nbgrader} right ones: {theirs:.2f} s a submission,")
        print(f"  {theirs / each:.0f} times as long.")


if __name__ == "__main__":
    main()
