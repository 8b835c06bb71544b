"""Every failure makes a new plan, while the budget lasts."""

from planlab import Step

QUESTIONS = ("bounded",)


def decide(step: Step, error: Exception, past: list, retries: int = 1, max_replans: int = 2) -> str:
    return "replan" if len(past) < max_replans else "escalate"
