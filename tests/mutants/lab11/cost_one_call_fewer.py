"""The last large call is kept for later."""

QUESTIONS = ("cost",)


def make_asker(small, large, is_good, most: int):
    """An async function ask(task): the small model, and where it must be, the large one."""
    left = most

    async def ask(task: str) -> str:
        nonlocal left
        text, problem = "", None
        try:
            text = await small(task)
        except Exception as error:
            problem = error
        if problem is None and await is_good(task, text):
            return text
        if left > 1:
            left -= 1
            return await large(task)
        if problem is not None:
            raise problem
        return text

    return ask
