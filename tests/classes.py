"""What tests of the grader share: a small lab, notebooks, and a judge that runs none."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from planlab.grading import Finding, Grade, Lab, Question
from planlab.grading.gradebook import Run, Terms
from planlab.grading.submissions import Submission

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
