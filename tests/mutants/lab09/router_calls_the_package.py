"""The package's own router is handed in."""

QUESTIONS = ("router",)


async def route(steps: list, small, large, passes, patience: int | None = None) -> dict:
    """What came of each step: its answer, by whom, and what it took."""
    from planlab.routing import escalations, route
    from planlab.trace import Trace

    outcomes = {}
    with Trace() as trace:
        for step in steps:
            outcomes[step] = await route(small, large).ask(step)
    return outcomes | {"escalated": escalations(trace)}
