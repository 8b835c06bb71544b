"""Steps are asked side by side."""

import asyncio

QUESTIONS = ("router",)


async def route(steps: list, small, large, passes, patience: int | None = None) -> dict:
    """What came of each step: its answer, by whom, and what it took."""

    async def one(step: str) -> dict:
        outcome = {"answer": None, "by": None, "dollars": 0.0}
        for name, model in [("small", small), ("large", large)]:
            try:
                reply = await model(step)
            except Exception:
                continue
            outcome["dollars"] += reply["dollars"]
            if await passes(step, reply["answer"]):
                return outcome | {"answer": reply["answer"], "by": name}
        return outcome

    return dict(zip(steps, await asyncio.gather(*map(one, steps)), strict=True))
