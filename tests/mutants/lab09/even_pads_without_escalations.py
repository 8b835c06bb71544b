"""What is done again is not padded."""

import math

QUESTIONS = ("even",)


def team_costs(planning: dict, work: dict, judging: float, escalated: float, padding: float):
    """What each team costs, in dollars, by its name."""
    carried_out = work["small"] + judging + escalated * work["large"]
    return {
        "large": planning["large"] + work["large"],
        "mixed": planning["large"] + carried_out,
        "small": planning["small"]
        + padding * carried_out
        - (padding - 1) * escalated * work["large"],
    }


def most_escalated(work: dict, judging: float) -> float | None:
    """The share escalated from which the mixed team saves nothing."""
    saved = work["large"] - work["small"] - judging
    return saved / work["large"] if saved > 0 else None


def most_padding(planning: dict, work: dict, judging: float, escalated: float) -> float:
    """The padding from which the small team is dearer than the mixed one."""
    carried_out = work["small"] + judging + escalated * work["large"]
    if not carried_out:
        return math.inf
    return 1 + (planning["large"] - planning["small"]) / carried_out
