"""While one waits for the large model, all wait."""

QUESTIONS = ("cost",)


def make_asker(small, large, is_good, most: int):
    """One task after another."""
    left, turn = most, asyncio.Lock()

    async def ask(task: str) -> str:
        nonlocal left
        async with turn:
            try:
                text = await small(task)
                if left == 0 or await is_good(task, text):
                    return text
            except Exception:
                if left == 0:
                    raise
            left -= 1
            return await large(task)

    return ask
