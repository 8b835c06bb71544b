"""All five mistakes, as they stand in the lab."""

QUESTIONS = ("best",)


async def improve(write, critic, max_rounds: int = 3) -> tuple:
    """The best draft with its score, whether it was approved, and why the loop stopped."""
    # To be mended:
    draft, issues, stop = None, [], "rounds"
    for _ in range(max_rounds):
        draft = await write(draft, issues)
        verdict = await critic(draft)
        issues = verdict.issues
        if verdict.approved or any("APPROVED" in issue for issue in issues):
            stop = "approved"
            break
    verdict = await critic(draft)
    return draft, verdict.score, stop == "approved", stop
