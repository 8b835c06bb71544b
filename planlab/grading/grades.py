"""What grading yields: findings about properties, and a grade of one submission."""

from dataclasses import dataclass


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
