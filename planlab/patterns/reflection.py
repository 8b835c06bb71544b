"""Reflection: draft, judge, revise, until a draft is approved (Self-Refine, arXiv:2303.17651).

Two kinds judge. Checks look the draft up in the world (CRITIC, arXiv:2305.11738): they are free and
certain. A critic gives a typed verdict, never a word to be searched for in a text: it is asked only
about what passes every check. What is returned is the best draft, not the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from planlab.cost import Budget
from planlab.drafts import (
    Check,
    Critic,
    Draft,
    Request,
    Verdict,
    Writer,
    check_found,
    judging,
    writing,
)
from planlab.errors import BadInput, MalformedAnswer
from planlab.model import Model
from planlab.records import Result, Stop
from planlab.roles import perform, stop_of
from planlab.trace import current_trace, span


@dataclass(frozen=True)
class Reflection:
    """What a run leaves behind: every draft, the best of them, its lessons, an error.

    `lessons` are those it was given and each issue that it met; hand them to the next attempt.
    """

    drafts: tuple[Draft, ...]
    best: Draft | None
    lessons: tuple[str, ...]
    error: Exception | None


async def run_reflection(
    task: str,
    *,
    writer: Model | Writer,
    critic: Model | Critic,
    checks: Sequence[Check] = (),
    max_rounds: int = 3,
    lessons: Sequence[str] = (),
    budget: Budget | None = None,
) -> Result[str, Reflection]:
    """The best draft, after at most `max_rounds` were judged; `detail.best.approved` says how good.

    With no round the first draft is returned as it is, unjudged; if every draft is empty, there is
    no answer. Each call of writer and critic takes one from `budget`. Stops: approved, rounds,
    no_progress (the same draft, or the same issues and score, again), oscillation (an earlier draft
    again), budget, waiting, failed (`detail.error`: whatever a role raised). Raises `BadInput`.
    """
    if not task.strip():
        raise BadInput("The task is empty: say what is to be written.")
    if max_rounds < 0:
        raise BadInput(f"max_rounds is {max_rounds}: use 0 (one draft, not judged) or more.")
    budget = Budget() if budget is None else budget
    write = writing(writer) if isinstance(writer, Model) else writer
    judge = judging(critic) if isinstance(critic, Model) else critic
    run = _Run(task, write, judge, tuple(checks), tuple(lessons), budget, [])
    problem: Exception | None = None
    with current_trace() as trace, span("run", "reflection") as record:
        try:
            stop = await run.until_approved(max_rounds)
        except Exception as error:
            stop, problem = stop_of(error), error
        record.data |= {"task": task, "stop": stop, "drafts": len(run.drafts)}
    best = max(run.drafts, key=lambda draft: draft.rank, default=None)
    detail = Reflection(tuple(run.drafts), best, run.learned, problem)
    answer = best.text if best and best.text.strip() else None
    return Result(answer, stop, trace, trace.usage_in(record), detail)


@dataclass(frozen=True)
class _Run:
    task: str
    writer: Writer
    critic: Critic
    checks: tuple[Check, ...]
    lessons: tuple[str, ...]
    budget: Budget
    drafts: list[Draft]

    async def until_approved(self, max_rounds: int) -> Stop:
        """Write, judge, and again with what was wrong."""
        await self.write()
        for round in range(max_rounds):
            await self.judge()
            if self.drafts[-1].approved:
                return Stop.APPROVED
            if stop := self.standstill():
                return stop
            if round < max_rounds - 1 and (stop := await self.write()):
                return stop
        return Stop.ROUNDS

    async def write(self) -> Stop | None:
        """One more draft; why to stop, if there was one like it. That one is not judged again."""
        last = self.drafts[-1] if self.drafts else None
        issues = last.issues if last else ()
        lessons = tuple(lesson for lesson in self.learned if lesson not in issues)
        request = Request(self.task, last.text if last else None, issues, lessons)
        self.budget.reserve(calls=1).settle(calls=1)
        text = await perform(self.writer, request)
        if not isinstance(text, str):
            raise MalformedAnswer(f"The writer gave {text!r}: a draft is text.")
        before = [" ".join(draft.text.split()) for draft in self.drafts]
        now = " ".join(text.split())
        if now in before:
            return Stop.NO_PROGRESS if now == before[-1] else Stop.OSCILLATION
        self.drafts.append(Draft(text))
        return None

    async def judge(self) -> None:
        """The newest draft's checks, and where they pass the critic's verdict."""
        draft = self.drafts[-1]
        empty = () if draft.text.strip() else ("The draft is empty.",)
        found = [empty, *[check_found(await perform(check, draft.text)) for check in self.checks]]
        self.drafts[-1] = draft = replace(draft, found=tuple(found))
        if any(found):
            return
        self.budget.reserve(calls=1).settle(calls=1)
        verdict = await perform(self.critic, self.task, draft.text)
        if not isinstance(verdict, Verdict):
            raise MalformedAnswer(f"The critic gave {verdict!r}: it gives a Verdict.")
        self.drafts[-1] = replace(draft, verdict=verdict)

    def standstill(self) -> Stop | None:
        """Did the last revision change nothing of what is wrong?"""
        if len(self.drafts) < 2:
            return None
        before, now = self.drafts[-2:]
        same = before.issues == now.issues and before.score == now.score
        return Stop.NO_PROGRESS if same else None

    @property
    def learned(self) -> tuple[str, ...]:
        """The lessons given, then each issue met, each once."""
        met = (issue for draft in self.drafts for issue in draft.issues)
        return tuple(dict.fromkeys((*self.lessons, *met)))
