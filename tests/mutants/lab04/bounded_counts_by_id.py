"""The same step is the one with the same id."""

from planlab import Step
from planlab.errors import BudgetSpent, NeedsApproval, Refused, Transient

QUESTIONS = ("bounded",)


def decide(step: Step, error: Exception, past: list, retries: int = 1, max_replans: int = 2) -> str:
    """What to do about a failure: retry, replan or escalate."""
    if isinstance(error, NeedsApproval | Refused | BudgetSpent):
        return "escalate"
    same = [(e, move) for s, e, move in past if s.id == step.id]
    if isinstance(error, Transient) and sum(move == "retry" for _, move in same) < retries:
        return "retry"
    if any(move == "replan" and type(e) is type(error) for e, move in same):
        return "escalate"
    replans = sum(move == "replan" for *_, move in past)
    return "replan" if replans < max_replans else "escalate"
    ### END SOLUTION
