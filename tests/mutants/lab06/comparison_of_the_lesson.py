"""Whoever solved more is better."""

import math

from planlab.errors import BudgetSpent

QUESTIONS = ("comparison",)


def wilson(successes: int, runs: int, z: float = 1.96) -> tuple:
    """The interval in which the true share lies."""
    if runs == 0:
        return 0.0, 1.0
    share, extra = successes / runs, z * z / runs
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * math.sqrt(share * (1 - share) / runs + extra / (4 * runs))
    return middle - half, middle + half


async def compare(one, two, puzzles: list, budget: int) -> dict:
    """What each solved, what it paid, and which is better, if that can be told."""

    async def run(searcher, start, propose, value, end) -> tuple:
        made = 0

        def metered(role):
            async def ask(state: str):
                nonlocal made
                if made >= budget:
                    raise BudgetSpent(f"The budget of {budget} calls is spent.")
                made += 1
                return await role(state)

            return ask

        try:
            path = await searcher(start, metered(propose), metered(value), end)
        except Exception:
            path = None
        return bool(path) and path[0] == start and end(path[-1]) == 1.0, made

    runs = [[await run(searcher, *puzzle) for puzzle in puzzles] for searcher in (one, two)]
    solved = [sum(right for right, _ in each) for each in runs]
    verdict = "one" if solved[0] > solved[1] else "two" if solved[1] > solved[0] else None
    return {
        "solved": solved,
        "calls": [sum(made for _, made in each) for each in runs],
        "verdict": verdict or "cannot be told apart",
    }
