"""The share of good first drafts does not matter."""

from itertools import pairwise

QUESTIONS = ("interpretation",)


def read_rates(runs: list) -> tuple:
    """How often a bad draft was mended, and a good one broken; None where it cannot be known."""
    revisions = [pair for run in runs for pair in pairwise(run)]
    from_bad = [after for before, after in revisions if not before]
    from_good = [not after for before, after in revisions if before]
    return tuple(sum(kind) / len(kind) if kind else None for kind in (from_bad, from_good))


def fixed_point(p: float, q: float) -> float | None:
    """The share of good drafts that a round does not change; None if it changes none."""
    return p / (p + q) if p + q else None


def rounds_that_pay(start: float, p: float, q: float, least: float) -> int:
    """How many rounds each raise the share of good drafts by `least` or more."""
    rounds, share = 0, 0.0
    while (after := share * (1 - q) + (1 - share) * p) - share >= least:
        rounds, share = rounds + 1, after
    return rounds
