"""What came again is judged once more before it ends."""

QUESTIONS = ("best",)


async def improve(write, critic, max_rounds: int = 3) -> tuple:
    """The best draft with its score, whether it was approved, and why the loop stopped."""
    draft, judged = await write(None, []), []
    if max_rounds == 0:
        return draft, None, False, "rounds"
    while True:
        verdict = await critic(draft)
        judged.append((draft, verdict))
        if verdict.approved or len(judged) == max_rounds:
            stop = "approved" if verdict.approved else "rounds"
            break
        draft = await write(draft, verdict.issues)
        before = [" ".join(text.split()) for text, _ in judged]
        if (now := " ".join(draft.split())) in before:
            judged.append((draft, await critic(draft)))
            stop = "no progress" if now == before[-1] else "oscillation"
            break
    best, verdict = max(judged, key=lambda one: (one[1].approved, one[1].score))
    return best, verdict.score, verdict.approved, stop
