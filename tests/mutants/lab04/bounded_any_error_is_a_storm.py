"""A new kind of failure of the same work is called a storm."""

# ruff: noqa: F821 (the lab's own: asks)

from planlab import Step
from planlab.errors import BudgetSpent, NeedsApproval, Refused, Transient

QUESTIONS = ("bounded",)


def decide(step: Step, error: Exception, past: list, retries: int = 1, max_replans: int = 2) -> str:
    """What to do about a failure: retry, replan or escalate."""
    if isinstance(error, NeedsApproval | Refused | BudgetSpent):
        return "escalate"
    same = [(e, move) for s, e, move in past if asks(s) == asks(step)]
    if isinstance(error, Transient) and sum(move == "retry" for _, move in same) < retries:
        return "retry"
    if any(move == "replan" for _, move in same):
        return "escalate"
    replans = sum(move == "replan" for *_, move in past)
    return "replan" if replans < max_replans else "escalate"
    ### END SOLUTION
