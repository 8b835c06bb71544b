"""All five mistakes, as they stand in the lab."""

QUESTIONS = ("even",)


def team_costs(planning: dict, work: dict, judging: float, escalated: float, padding: float):
    """What each team costs, in dollars, by its name."""
    # To be mended:
    ratio = planning["small"] / planning["large"]
    tried, again = (1 - escalated) * work["large"] * ratio, escalated * work["large"]
    mixed = planning["large"] + tried + again
    small = planning["small"] + padding * tried + again
    return {"large": planning["large"] + work["large"], "mixed": mixed, "small": small}


def most_escalated(work: dict, judging: float) -> float | None:
    """The share escalated from which the mixed team saves nothing."""
    # To be mended:
    return 1 - work["small"] / work["large"] - judging


def most_padding(planning: dict, work: dict, judging: float, escalated: float) -> float:
    """The padding from which the small team is dearer than the mixed one."""
    # To be mended:
    return planning["large"] / planning["small"]
