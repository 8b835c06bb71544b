"""What has run is done."""

from planlab import Plan
from planlab.records import Observation

QUESTIONS = ("ledger",)


def ledger(plan: Plan, results: dict[str, Observation]) -> dict[str, object]:
    """How far the plan has come: done, failed, blocked, pending, and what was learned."""
    book = {"done": [], "failed": [], "blocked": [], "pending": [], "learned": {}}
    stuck = {s.id for s in plan.steps if s.id in results and results[s.id].error}
    for _ in plan.steps:
        stuck |= {s.id for s in plan.steps if stuck & set(s.needs)}
    for step in plan.steps:
        seen = results.get(step.id)
        if seen is None:
            book["blocked" if step.id in stuck else "pending"].append(step.id)
        else:
            book["done"].append(step.id)
            book["learned"][step.output] = seen.text
    return book
