"""What tests of the grader share: a small lab, notebooks, and a judge that runs none."""

import csv
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from planlab.grading import Finding, Grade, Lab, Question
from planlab.grading.command import Order, run_order
from planlab.grading.gradebook import Run, Terms
from planlab.grading.submissions import Submission

NOW = datetime(2026, 11, 21, 15, 40, tzinfo=UTC)
LAB = Lab(
    "lab77",
    "Two loops",
    questions=(
        Question("loop", 6, "1.1 The loop"),
        Question("meter", 4, "1.2 The meter"),
        Question("explain", 3, "1.3 Explain", manual=True),
    ),
)
TERMS = Terms("lab77", "version", 1, "0.1.0")
RUN = Run(1, TERMS, "2026-11-21T15:40:00+00:00")

CHECKS = '''"""A lab."""

from planlab.grading import Lab, Question

lab = Lab(
    "lab77",
    "Two loops",
    questions=(
        Question("loop", 6, "1.1 The loop"),
        Question("meter", 4, "1.2 The meter"),
        Question("explain", 3, "1.3 Explain", manual=True),
    ),
)
'''


def notebook(*cells: str, **metadata: object) -> str:
    """A notebook of code cells."""
    body = [{"cell_type": "code", "metadata": {}, "source": [cell]} for cell in cells]
    return json.dumps({"cells": body, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def put(path: Path, text: str = notebook("1")) -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def grade(name: str, loop: float = 6, meter: float = 4, answer: str = "") -> Grade:
    """A grade with these points."""
    points = {"loop": (loop, 6), "meter": (meter, 4)}
    findings = [
        finding
        for question, (got, most) in points.items()
        for finding in (
            Finding(question, "it is right", got, True),
            Finding(question, "it is quick", most - got, False, "it is slow"),
        )
    ]
    return Grade(name, tuple(findings), answer=answer)


class StandIn:
    """A judge that knows the grades, and remembers whom it was asked to grade, under which seed."""

    def __init__(self, grades: Mapping[str, Grade] | None = None) -> None:
        self.grades = dict(grades or {})
        self.asked: list[str] = []
        self.seeds: list[int] = []
        self.before_each: Callable[[str], None] = lambda name: None

    async def __call__(
        self,
        lab_folder: Path,
        submissions: Sequence[Submission],
        *,
        seed: int,
        jobs: int,
        unsafe: bool,
    ) -> AsyncIterator[Grade]:
        self.seeds.append(seed)
        for submission in submissions:
            self.before_each(submission.name)
            self.asked.append(submission.name)
            yield self.grades.get(submission.name) or grade(submission.name)


class Course:
    """A lab, a class of two, and the folder of their grades."""

    def __init__(self, folder: Path) -> None:
        put(folder / "solutions/lab77/checks.py", CHECKS)
        self.learners, self.out = folder / "class", folder / "out"
        self.table = self.out / "grades.csv"
        for name in ("anna", "bert"):
            put(self.learners / f"{name}.ipynb")
        self.judge = StandIn({name: grade(name, answer=name) for name in ("anna", "bert")})
        self.order = Order(folder / "solutions/lab77", self.out, (self.learners,))

    def grade(self, **changed: object) -> int:
        return run_order(replace(self.order, **changed), self.judge, now=lambda: NOW)

    def read_in(self, text: str, name: str = "grades.csv") -> int:
        put(self.out / name, text)
        return self.grade(paths=(), manual=self.out / name)

    def column(self, name: str) -> dict[str, str]:
        with self.table.open(encoding="utf-8", newline="") as file:
            return {row["submission"]: row[name] for row in csv.DictReader(file)}

    def type_in(self, old: str, new: str) -> None:
        text = self.table.read_text(encoding="utf-8")
        assert old in text
        self.table.write_text(text.replace(old, new), encoding="utf-8")

    def answers(self, name: str, answer: str) -> None:
        self.judge.grades[name] = grade(name, answer=answer)
