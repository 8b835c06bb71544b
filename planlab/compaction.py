"""Compact a context, without losing more of the cached prefix than must be.

Results of tools fill a context and are soon done with. Shortening one spares its tokens in every
later prompt, but all that stands behind it must be read anew once: so it is done seldom, and for
many results at a time. What stands before the first result, and what was shortened once, is never
edited again.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planlab.bill import Context, check_count, message_tokens
from planlab.cost import Price
from planlab.records import as_text
from planlab.tokens import count_tokens

Shorten = Callable[[str], str]


def drop(text: str) -> str:
    """In place of a result: that there was one, and how long."""
    return f"[{count_tokens(text)} tokens dropped; call the tool again if they are needed]"


def cut_at(length: int) -> Shorten:
    """A `Shorten` that keeps the first `length` characters, and says that there were more."""
    check_count("length", length)
    return lambda text: text if len(text) <= length else f"{text[:length]} [cut]"


@dataclass(frozen=True)
class Compact:
    """A context as a model is shown it, for `run_react(compact=...)`.

    Each time that it has grown by more than `every` tokens, the results that the model has read are
    shortened, but for those of the `keep` latest turns. Nothing counts but the messages, so what
    was made of them is the same in every later turn, and stays cached. `shorten` may drop or
    summarise, and gives the same for the same; a result that it would not make shorter is left.
    """

    every: int
    keep: int = 1
    shorten: Shorten = drop

    def __post_init__(self) -> None:
        check_count("every", self.every)
        check_count("keep", self.keep)

    def __call__(self, messages: Context) -> list[Mapping[str, object]]:
        shown: list[Mapping[str, object]] = []
        turns: list[list[int]] = [[]]  # of each turn, the places of its results that are whole
        grown = 0
        for at, message in enumerate(messages):
            shown.append(message)
            grown += message_tokens(message)
            if message.get("role") == "tool":
                turns[-1].append(at)
            elif message.get("role") == "assistant":  # by now it has read all results before
                if grown > self.every:
                    old, turns = turns[: -self.keep or None], turns[len(turns) - self.keep :]
                    self._shorten(shown, [place for turn in old for place in turn])
                    grown = 0
                turns.append([])
        return shown

    def _shorten(self, shown: list[Mapping[str, object]], places: list[int]) -> None:
        for at in places:
            content = as_text(shown[at].get("content"))
            shorter = {**shown[at], "content": self.shorten(content)}
            if message_tokens(shorter) < message_tokens(shown[at]):
                shown[at] = shorter


def turns_until_paid(*, spared: int, behind: int, price: Price) -> float:
    """The turns, the first with the compacted context included, until a compaction pays in dollars.

    `spared` tokens are gone from each of these prompts, where they would have been cached; `behind`
    are those that stand from the first edit on and would have been cached, what the shortened
    results became among them: they are read anew once. Infinite if it never pays.

    >>> turns_until_paid(spared=4_000, behind=2_000, price=Price(2.5, 0.25, 10.0))
    4.5
    """
    check_count("spared", spared)
    check_count("behind", behind)
    lost = behind * (price.input - price.cached)
    saved = spared * price.cached
    return lost / saved if saved else (math.inf if lost else 0.0)
