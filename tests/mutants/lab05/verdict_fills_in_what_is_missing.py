"""A field that is missing has a value."""

from pydantic import BaseModel, Field

QUESTIONS = ("verdict",)


class Verdict(BaseModel):
    """What a critic says of a draft."""

    approved: bool
    score: float = Field(ge=0, le=1)
    issues: list[str] = []


def parse_verdict(answer: str) -> Verdict:
    """The verdict that the answer is; raises ValueError where it is none."""
    told = Verdict.model_validate_json(answer, strict=True)
    issues = [issue for issue in told.issues if issue.strip()]
    return Verdict(approved=told.approved and not issues, score=told.score, issues=issues)


async def ask_critic(critic, draft: str) -> Verdict:
    """The critic's verdict; one that approves nothing where it cannot be read."""
    for _ in range(2):
        try:
            return parse_verdict(await critic(draft))
        except ValueError:
            continue
    return Verdict(approved=False, score=0.0, issues=["The critic's answer could not be read."])
