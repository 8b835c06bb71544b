"""The package's own search is handed in."""

# ruff: noqa: F821 (the lab's own: by_mean, new_spot, score)

QUESTIONS = ("terminals",)


async def search(start, propose, value, end, budget, rule=by_mean) -> tuple:
    """The path to a goal or None, and why it ended: "found", "budget" or "unsolvable"."""
    from planlab.patterns.search import run_lats

    return await run_lats(start, propose=propose, evaluate=value, budget=budget, rng=end)
