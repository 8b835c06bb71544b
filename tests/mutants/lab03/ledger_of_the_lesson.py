"""All five mistakes, as they stand in the lab."""

from planlab import Plan
from planlab.records import Observation

QUESTIONS = ("ledger",)


def ledger(plan: Plan, results: dict[str, Observation]) -> dict[str, object]:
    """How far the plan has come: done, failed, blocked, pending, and what was learned."""
    # The ledger to be mended, with its five mistakes:
    book = {"done": [], "failed": [], "blocked": [], "pending": [], "learned": {}}
    for step in plan.steps:
        seen = results.get(step.id)
        if seen and seen.value:
            book["done"].append(step.id)
            book["learned"][step.tool] = step.expected_output
        elif seen:
            book["failed"].append(step.id)
        elif any(id in book["failed"] for id in step.depends_on):
            book["blocked"].append(step.id)
        else:
            book["pending"].append(step.id)
    return book
