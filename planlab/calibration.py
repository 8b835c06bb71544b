"""What a stated confidence is worth: how often such confidence was right before.

(Models state too much: Guo et al., On Calibration of Modern Neural Networks, arXiv:1706.04599. The
table of bins is what a reliability diagram draws.)
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard

from planlab.errors import BadInput


@dataclass(frozen=True)
class Bin:
    """Answers that were given with a confidence from `low` to below `high` (the last: to 1)."""

    low: float
    high: float
    count: int
    right: int

    @property
    def rate(self) -> float:
        """The share that was right; not a number where there were none."""
        return self.right / self.count if self.count else math.nan


class Calibration:
    """What a stated confidence is worth: how often such answers were right, by recorded outcomes.

    Of less than `enough` outcomes nothing is known, and what is not known is worth 0.

    >>> worth = Calibration([(0.95, True)] * 6 + [(0.95, False)] * 4)
    >>> worth(0.99), worth(0.5), worth(float("nan"))
    (0.6, 0.0, 0.0)
    """

    def __init__(
        self, outcomes: Iterable[tuple[float, bool]], *, bins: int = 10, enough: int = 5
    ) -> None:
        if bins < 1 or enough < 1:
            raise BadInput("bins and enough must be 1 or more.")
        self.enough = enough
        sorted_in: list[list[bool]] = [[] for _ in range(bins)]
        for confidence, right in outcomes:
            if not is_share(confidence):
                raise BadInput(f"A confidence of {confidence!r} cannot be recorded: 0 to 1.")
            sorted_in[min(int(confidence * bins), bins - 1)].append(bool(right))
        self.bins = tuple(
            Bin(n / bins, (n + 1) / bins, len(rights), sum(rights))
            for n, rights in enumerate(sorted_in)
        )

    def __call__(self, confidence: object) -> float:
        """The share of right answers to expect; 0.0 for what is no confidence at all."""
        if not is_share(confidence):
            return 0.0
        found = self.bins[min(int(confidence * len(self.bins)), len(self.bins) - 1)]
        return found.rate if found.count >= self.enough else 0.0


def is_share(value: object) -> TypeGuard[float]:
    """Is it a number from 0 to 1?"""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
