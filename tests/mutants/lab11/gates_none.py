"""The tools as they are."""

QUESTIONS = ("gates",)
ALSO = ("correctness",)


def behind_gates(tools: Toolbox, reviewer, run_id: str) -> Toolbox:
    """No gates."""
    return replace(tools, run_id=run_id)
