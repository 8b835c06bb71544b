"""Any answer that is true approves."""

from planlab.patterns.gates import by_risk
from planlab.taint import Tainted
from planlab.toolbox import guarded

QUESTIONS = ("gates",)
ALSO = ("correctness",)


def behind_gates(tools: Toolbox, reviewer, run_id: str) -> Toolbox:
    """The same tools, behind gates and a reviewer."""
    asked = 0

    async def review(call):
        nonlocal asked
        if asked == 5:
            raise Refused(f"{call.tool}: five questions were asked, and there is no sixth.")
        asked += 1
        if not await reviewer(call.tool, call.plain):
            raise Refused(f"{call.tool}: the reviewer did not approve it.")
        return call

    return guarded(replace(tools, run_id=run_id), gates=[Tainted(), by_risk()], reviewer=review)
