"""An approval of a tool holds for all its calls."""

from planlab.patterns.gates import by_risk
from planlab.taint import Tainted
from planlab.toolbox import guarded

QUESTIONS = ("gates",)


def behind_gates(tools: Toolbox, reviewer, run_id: str) -> Toolbox:
    """The same tools, behind gates and a reviewer."""
    asked, trusted = 0, set()

    async def review(call):
        nonlocal asked
        if call.tool in trusted:
            return call
        if asked == 5:
            raise Refused(f"{call.tool}: five questions were asked, and there is no sixth.")
        asked += 1
        if await reviewer(call.tool, call.plain) != "approve":
            raise Refused(f"{call.tool}: the reviewer did not approve it.")
        trusted.add(call.tool)
        return call

    return guarded(replace(tools, run_id=run_id), gates=[Tainted(), by_risk()], reviewer=review)
