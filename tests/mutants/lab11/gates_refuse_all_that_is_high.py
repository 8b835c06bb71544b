"""What nobody asks for cannot go wrong."""

from planlab.toolbox import guarded

QUESTIONS = ("gates",)
ALSO = ("correctness",)


def behind_gates(tools: Toolbox, reviewer, run_id: str) -> Toolbox:
    """LOW and MEDIUM alone."""

    async def gate(call) -> None:
        if call.risk > 2:
            raise Refused("too risky")

    return guarded(replace(tools, run_id=run_id), gates=[gate])
