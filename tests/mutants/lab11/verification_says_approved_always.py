"""Whatever comes out is verified."""

from planlab.drafts import Verdict
from planlab.patterns.reflection import run_reflection

QUESTIONS = ("verification",)


async def verified(task: str, *, write, judge, checks, rounds: int = 3) -> tuple:
    """The best draft, and whether it was approved."""

    async def writer(request) -> str:
        return await write(request.task, request.draft, [*request.issues])

    async def critic(task: str, draft: str) -> Verdict:
        return Verdict.model_validate(await judge(task, draft))

    found = await run_reflection(
        task, writer=writer, critic=critic, checks=checks, max_rounds=rounds
    )
    if found.detail.best is None:
        raise found.detail.error
    return found.detail.best.text, True
