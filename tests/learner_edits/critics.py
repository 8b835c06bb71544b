"""Critics, revisers and joiners with other scales and other words."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from learner_edits.common import ask, fill
from planlab.model import Model

SOURCE = "Source: in 2024 Globex sold 410 units, and Initech sold 275 units."
GOOD = (
    "## Result\nIn 2024 Globex sold 410 units and Initech sold 275.\n\n## Risks\nDemand may fall."
)
WRONG_NUMBER = GOOD.replace("275", "925")
NO_RISKS = GOOD.partition("\n\n## Risks")[0]
RUBRIC = "The draft needs a section Result and a section Risks, and numbers as in the source."


def judge(draft: str) -> str:
    return f"You are a strict critic. {RUBRIC}\n{SOURCE}\n\nDraft:\n{draft}"


async def edit_grade_from_one_to_ten(model: Model) -> None:
    """The score is a whole number from 1 to 10; one draft has a wrong number."""

    class Review(BaseModel):
        grade: Annotated[int, Field(ge=1, le=10, description="10 is best.")]

    good, bad = [await fill(model, judge(draft), Review) for draft in (GOOD, WRONG_NUMBER)]
    assert bad.grade < good.grade


async def edit_letter_grades(model: Model) -> None:
    """The score is a letter; one draft lacks a section."""

    class Review(BaseModel):
        grade: Annotated[Literal["A", "B", "C", "D", "F"], Field(description="A is best.")]

    good, bad = [await fill(model, judge(draft), Review) for draft in (GOOD, NO_RISKS)]
    assert good.grade < bad.grade, (good, bad)


async def edit_verdict_with_problems(model: Model) -> None:
    """The verdict is an enum, and the problems must name what is wrong."""

    class Review(BaseModel):
        problems: list[str]
        verdict: Literal["revise", "accept"]

    good, wrong, short = [
        await fill(model, judge(draft), Review) for draft in (GOOD, WRONG_NUMBER, NO_RISKS)
    ]
    assert (good.verdict, wrong.verdict, short.verdict) == ("accept", "revise", "revise")
    assert good.problems == []
    assert "925" in " ".join(wrong.problems), wrong
    assert "risks" in " ".join(short.problems).casefold(), short


async def edit_pass_or_fail_as_text(model: Model) -> None:
    """The critic answers in words, PASS or FAIL first."""
    end = "\n\nReply with PASS or FAIL on the first line."
    good, bad = [await ask(model, judge(draft) + end) for draft in (GOOD, WRONG_NUMBER)]
    assert good.startswith("PASS"), good
    assert bad.startswith("FAIL"), bad


async def edit_compare_two_drafts(model: Model) -> None:
    """Which of two drafts is better: the answer must not depend on their order."""

    class Choice(BaseModel):
        better: Literal["A", "B"]

    for first, second, better in ((GOOD, WRONG_NUMBER, "A"), (WRONG_NUMBER, GOOD, "B")):
        text = f"{RUBRIC}\n{SOURCE}\n\nDraft A:\n{first}\n\nDraft B:\n{second}\n\nWhich is better?"
        assert (await fill(model, text, Choice)).better == better, text


async def edit_revise_by_the_issues(model: Model) -> None:
    """The reviser mends exactly what the critic found."""
    draft = WRONG_NUMBER.partition("\n\n## Risks")[0]
    issues = "1. Initech sold 275 units, not 925.\n2. The section Risks is missing."
    prompt = f"{SOURCE}\n\nDraft:\n{draft}\n\nIssues:\n{issues}\n\nRevise the draft. Only the text."
    revised = await ask(model, prompt)
    assert "275" in revised, revised
    assert "925" not in revised, revised
    assert re.search(r"^#* ?\**Risks", revised, re.MULTILINE), revised
    assert "410" in revised, revised


async def edit_joiner_with_other_words(model: Model) -> None:
    """The joiner says done or try_again instead of finish or replan."""

    class Join(BaseModel):
        next: Literal["done", "try_again"]
        reason: str

    goal = "Goal: the prices of Globex and Initech.\nResults so far:\n- Globex: $49\n- Initech: "
    end = "\nIs the goal reached, or must we plan again?"
    full = await fill(model, f"{goal}$35.50{end}", Join)
    holed = await fill(model, f"{goal}failed, the search timed out{end}", Join)
    assert (full.next, holed.next) == ("done", "try_again")
    assert "Initech" in holed.reason or "fail" in holed.reason or "time" in holed.reason, holed
