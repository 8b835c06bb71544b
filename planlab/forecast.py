"""A plan's bill before it runs: four ways to carry the same steps, from counts alone.

Re-sent, each step reads all that came before; cached, it reads the same and pays less for what it
read before; scoped, each step sees its own inputs; in ReWOO (arXiv:2305.18323) a model writes the
plan and reads the results, and no model stands between.
"""

import math
from dataclasses import dataclass

from planlab.bill import PrefixCache, check_count
from planlab.errors import BadInput
from planlab.records import Usage

EVERY_TOKEN = PrefixCache()  # ideal: whatever was read once is held


@dataclass(frozen=True)
class Outlook:
    """Steps of one size. `start` is the first prompt; each step writes `answer` tokens, and a tool
    puts `result` more into the context. The last step answers.
    """

    steps: int
    start: int
    answer: int
    result: int

    def __post_init__(self) -> None:
        for name in ("steps", "start", "answer", "result"):
            check_count(name, getattr(self, name))

    @property
    def prompts(self) -> list[int]:
        """The length of each prompt where all is re-sent."""
        return [self.start + n * (self.answer + self.result) for n in range(self.steps)]

    def resent(self) -> list[Usage]:
        """Each call reads everything before it, at the full price.

        >>> plan = Outlook(steps=10, start=2_000, answer=100, result=1_900)
        >>> sum(call.input_tokens for call in plan.resent())
        110000
        """
        return [Usage(1, prompt, 0, self.answer) for prompt in self.prompts]

    def cached(self, cache: PrefixCache = EVERY_TOKEN) -> list[Usage]:
        """Each call reads everything before it; what the call before has read is cached.

        >>> calls = Outlook(steps=10, start=2_000, answer=100, result=1_900).cached()
        >>> sum(call.input_tokens - call.cached_tokens for call in calls)
        20000
        """
        before = [0, *self.prompts]
        pairs = zip(self.prompts, before, strict=False)
        return [Usage(1, prompt, cache.hit(read), self.answer) for prompt, read in pairs]

    def scoped(self, *, reads: int = 1) -> list[Usage]:
        """A planner writes all steps; each is then a call that sees `reads` earlier results.

        Fewer where there are not yet as many.
        """
        check_count("reads", reads)
        seen = [min(reads, n) * self.result for n in range(self.steps)]
        return self._plan() + [Usage(1, self.start + part, 0, self.answer) for part in seen]

    def rewoo(self) -> list[Usage]:
        """A planner writes all steps; one more call reads the plan and all results, and answers."""
        if self.steps == 0:
            return []
        tools = self.steps - 1
        read = self.start + tools * (self.answer + self.result)
        return [*self._plan(), Usage(1, read, 0, self.answer)]

    def _plan(self) -> list[Usage]:
        return [Usage(1, self.start, 0, self.steps * self.answer)] if self.steps else []


@dataclass(frozen=True)
class Split:
    """A strong planner with a cheap executor, against one size everywhere; all in US dollars.

    `planning` and `work` are what the large model would take for either. The small one takes
    `ratio` of that. A share `escalated` of the work is then done again by the large one, and
    `judging` (a share of `work`) is what it takes to notice.
    """

    planning: float
    work: float
    ratio: float
    escalated: float = 0.0
    judging: float = 0.0

    def __post_init__(self) -> None:
        for name in ("planning", "work", "ratio", "escalated", "judging"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadInput(f"{name} is {getattr(self, name)}: 0 or more, and finite, please.")
        if self.escalated > 1:
            raise BadInput(f"escalated is {self.escalated}: a share is at most 1.")

    @property
    def share(self) -> float:
        """What the work comes to with the small executor, as a share of the large one's."""
        return self.ratio + self.escalated + self.judging

    @property
    def large(self) -> float:
        """The large model for all of it."""
        return self.planning + self.work

    @property
    def mixed(self) -> float:
        """The large model plans, the small one works, and the large one does again what failed.

        >>> Split(planning=1.0, work=9.0, ratio=0.1, escalated=0.2).mixed
        3.7
        """
        return self.planning + self.work * self.share

    def small(self, *, padding: float = 1.0) -> float:
        """The small model plans as well; its plan has `padding` times the work, escalated alike."""
        if not 0 <= padding < math.inf:
            raise BadInput(f"padding is {padding}: 0 or more, and finite, please.")
        return self.planning * self.ratio + self.work * padding * self.share


def break_even_share(ratio: float, *, judging: float = 0.0) -> float:
    """The share escalated from which a small executor saves nothing: 1 - ratio - judging.

    Below 0 it never pays: the small model with its judge is dearer than the large one.

    >>> break_even_share(0.1)
    0.9
    """
    return 1 - Split(0.0, 1.0, ratio, judging=judging).share


def break_even_padding(split: Split) -> float:
    """How many times the work a weak planner's plan may take before a strong planner is cheaper.

    Infinite where the work costs nothing.
    """
    work = split.work * split.share
    return 1 + split.planning * (1 - split.ratio) / work if work else math.inf
