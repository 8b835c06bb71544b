"""Revises one variable, and returns it."""

QUESTIONS = ("verification",)
ALSO = ("correctness",)


async def verified(task: str, *, write, judge, checks, rounds: int = 3) -> tuple:
    """The last draft."""
    draft, issues = None, []
    for _ in range(rounds):
        draft = await write(task, draft, issues)
        verdict = await judge(task, draft)
        if verdict["approved"]:
            return draft, True
        issues = verdict["issues"]
    return draft, False
