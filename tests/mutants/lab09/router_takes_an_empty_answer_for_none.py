"""An empty answer is none."""

QUESTIONS = ("router",)


async def route(steps: list, small, large, passes, patience: int | None = None) -> dict:
    """What came of each step: its answer, by whom, and what it took."""
    outcomes, wrong = {}, 0
    for step in steps:
        outcome = {"answer": None, "by": None, "dollars": 0.0}
        models = [("small", small), ("large", large)]
        if patience is not None and wrong >= patience:
            models = models[1:]
        for name, model in models:
            try:
                reply = await model(step)
            except Exception:
                continue
            outcome["dollars"] += reply["dollars"]
            if reply["answer"] and await passes(step, reply["answer"]):
                outcome |= {"answer": reply["answer"], "by": name}
                break
        wrong = 0 if outcome["by"] == "small" else wrong + 1
        outcomes[step] = outcome
    return outcomes
