"""What grading yields: findings about properties, and a grade of one submission."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One property of one question: does it hold, and if not, what helps. Gives no input away."""

    question: str
    words: str
    points: float
    ok: bool
    message: str = ""


@dataclass(frozen=True)
class Grade:
    """One submission, graded."""

    submission: str  # the learner's name for files: unique in a run
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()  # what a person should look at, one sentence each
    answer: str = ""  # the text of the explain question, as the learner wrote it
    cells: tuple[tuple[int, str], ...] = ()  # cells that failed: number from 1, what happened

    def points(self, question: str) -> float:
        """What the question earned."""
        return sum(f.points for f in self.findings if f.ok and f.question == question)

    @property
    def auto(self) -> float:
        """What all automatic questions earned."""
        return sum(f.points for f in self.findings if f.ok)


def render_points(points: float) -> str:
    """Points as people write them.

    >>> render_points(6.0), render_points(4.5), render_points(0.1 + 0.2)
    ('6', '4.5', '0.3')
    """
    return f"{round(points, 2):g}"


def to_json(grade: Grade) -> str:
    """A grade as JSON in ASCII, so that text which no encoding can hold is kept as well."""
    return json.dumps(asdict(grade))


def from_json(text: str) -> Grade:
    """The grade that `to_json` wrote."""
    data = json.loads(text)
    return Grade(
        submission=data["submission"],
        findings=tuple(Finding(**finding) for finding in data["findings"]),
        notes=tuple(data["notes"]),
        answer=data["answer"],
        cells=tuple((number, words) for number, words in data["cells"]),
    )


def changes(run: Mapping[str, Grade], previous: Mapping[str, Grade]) -> list[str]:
    """What a regrade changed, a line each, such as "anna: loop 4 → 6"."""
    lines = []
    for name in sorted(run):
        if name not in previous:
            lines.append(f"{name}: new, {render_points(run[name].auto)}")
        elif moved := _moved(run[name], previous[name]):
            lines.append(f"{name}: {', '.join(moved)}")
    return lines


def _moved(new: Grade, old: Grade) -> list[str]:
    """The questions whose points differ, in the lab's order."""
    questions = dict.fromkeys(f.question for f in (*new.findings, *old.findings))
    pairs = {q: (render_points(old.points(q)), render_points(new.points(q))) for q in questions}
    return [f"{q} {before} → {after}" for q, (before, after) in pairs.items() if before != after]
