"""Lesson 04's decide: it remembers nothing of what failed before."""

from planlab import Step
from planlab.errors import BudgetSpent, NeedsApproval, Refused, Transient

QUESTIONS = ("bounded",)


def decide(step: Step, error: Exception, past: list, retries: int = 1, max_replans: int = 2) -> str:
    replans_left = max_replans - sum(move == "replan" for *_, move in past)
    if isinstance(error, Transient):
        return "retry"
    if isinstance(error, Refused | NeedsApproval | BudgetSpent):
        return "escalate"
    return "replan" if replans_left else "escalate"
